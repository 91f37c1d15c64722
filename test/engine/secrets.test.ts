import { expect, it } from "vitest";
import { echoSecrets } from "../../provider/testing";
import { expectFailure } from "../support/engine";
import { allReached, declare, itOnce, program, useEngine } from "./fixture";

const engine = useEngine();

it("no secret is in the state, in the output or in any file, also if the server repeats it", async () => {
  const { simulator, project } = engine;
  const account = simulator.account();
  const secrets = new Set([account.apiKey]);
  const remember = () => account.keys().forEach(({ key }) => secrets.add(key));
  const echo = (path: string, status: number) =>
    simulator.inject({ on: { path }, times: Infinity, ...echoSecrets(status) });

  const named = (budget: number, names: readonly string[]) => async () => {
    const keys = names.map((name) => declare(name, { name, budget }));
    return { first: keys[0]?.key };
  };
  const stack = await engine.stack("secrets", named(1, ["a", "b", "c"]), {
    config: { ...engine.config(), "electronhub:maxWait": { value: "1s" } },
  });

  await stack.preview();
  await stack.up();
  remember();
  await stack.refresh();
  await expectNoSecret("secrets", secrets);

  // A creation, an update and a toggle whose refusals repeat what was sent.
  const creation = echo("/auth/proxy/create", 403);
  const update = echo("/auth/proxy/update", 400);
  stack.setProgram(named(2, ["a", "b", "c", "d"]));
  expect((await expectFailure(stack.up())).output).toMatch(/Cannot (?:create|update) proxy key/);
  creation.remove();
  update.remove();

  for (const status of [500, 403, 400]) {
    const list = echo("/auth/proxy", status);
    expect((await expectFailure(stack.refresh())).output).toMatch(/Cannot refresh proxy key/);
    list.remove();
  }

  const refusals = [500, 403, 400].map((status, index) =>
    simulator.inject({
      on: { path: "/auth/proxy/remove", keyName: "abc"[index] ?? "" },
      times: Infinity,
      hold: true,
      ...echoSecrets(status),
    }),
  );
  const destroy = project.spawn(["destroy", "--yes", "--skip-preview", "--stack", "secrets"]);
  await allReached(refusals, destroy.done);
  refusals.forEach((fault) => fault.release());
  refusals[0]?.remove();
  const { exitCode, output } = await destroy.done;
  expect(exitCode).not.toBe(0);
  expect(output).toMatch(/Cannot remove proxy key "b"/);
  expect(output).toMatch(/Cannot remove proxy key "c"/);
  expect(output).toContain("[redacted]");
  remember();
  await expectNoSecret("secrets", secrets);

  simulator.clearFaults();
  expect(await project.destroy("secrets")).toMatchObject({ exitCode: 0 });
  await expectNoSecret("secrets", secrets);
});

itOnce("no secret of a retried failure is printed with the attempts", async () => {
  const { simulator, project } = engine;
  const stack = await engine.stack("tries", program({ tried: {} }), {
    config: { ...engine.config(), "electronhub:maxWait": { value: "2s" } },
  });
  await stack.up();
  const secrets = [
    simulator.account().apiKey,
    ...simulator
      .account()
      .keys()
      .map(({ key }) => key),
  ];
  simulator.inject({ on: { path: "/auth/proxy/remove" }, times: Infinity, ...echoSecrets(500) });
  const { exitCode, output } = await project.destroy("tries");
  expect(exitCode).not.toBe(0);
  expect(output).toMatch(/It was tried \d times|would exceed maxWait/);
  await expectNoSecret("tries", secrets);
});

async function expectNoSecret(stack: string, secrets: Iterable<string>): Promise<void> {
  const places = [
    { path: "(the exported state)", text: JSON.stringify(await engine.project.exportState(stack)) },
    { path: "(everything printed)", text: engine.project.transcript },
    ...(await engine.project.allFilesText()),
  ];
  expect(places.length).toBeGreaterThan(4);
  const found = [...secrets].flatMap((secret) =>
    formsOf(secret).flatMap(([form, text]) =>
      places.filter((place) => place.text.includes(text)).map(({ path }) => `${form} in ${path}`),
    ),
  );
  expect(found).toEqual([]);
}

/** A secret in clear, and as parts of encoded texts: base64 looks different at each of three alignments. */
function formsOf(secret: string): [form: string, text: string][] {
  const bytes = Buffer.from(secret, "utf8");
  const base64 = [0, 1, 2].map((offset): [string, string] => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return [`base64 at ${offset}`, encoded.slice(offset === 0 ? 0 : offset + 1, -1)];
  });
  return [
    ["clear", secret],
    // What makes a key one, without the prefix that says its kind.
    ["clear, without its prefix", secret.replace(/^ek-(?:proxy-)?/, "")],
    ["URL-encoded", encodeURIComponent(secret)],
    ["hexadecimal", bytes.toString("hex")],
    ...base64,
  ];
}
