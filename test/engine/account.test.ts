import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import type { AccountArgs } from "pulumi-electronhub";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectFailure } from "../support/engine";
import {
  accountOf,
  CREATE,
  declare,
  diagnosticsOf,
  itOnce,
  keysOn,
  LIST,
  LOOKUP,
  PROVIDER,
  REMOVE,
  settingsInState,
  UPDATE,
  useEngine,
} from "./fixture";

const engine = useEngine([
  { name: "main" },
  { name: "team-a" },
  { name: "team-b" },
  // Of its own, since the machine remembers an account's requests for a minute.
  { name: "limited", rateLimit: { limit: 5, windowMs: 60_000 } },
]);

// An inline program asks from this process, whose user has a cache too.
beforeAll(() => vi.stubEnv("XDG_CACHE_HOME", engine.project.folders.cache));
afterAll(() => vi.unstubAllEnvs());

function argsOf(account: string): AccountArgs {
  const { simulator } = engine;
  return { apiKey: simulator.account(account).apiKey, baseUrl: simulator.baseUrl };
}

/** "account request", for each request since the last look. */
function takeWho(): string[] {
  return engine.takeJournal().map(({ account, method, path }) => `${account} ${method} ${path}`);
}

function namesOn(account: string): string[] {
  return engine.simulator
    .account(account)
    .keys()
    .map(({ name }) => name)
    .toSorted();
}

it("several accounts and the stack's own, each with its own credentials, from up to destroy", async () => {
  const { project } = engine;
  const program = (budget: number) => async () => {
    const a = accountOf("a", argsOf("team-a"));
    const b = accountOf("b", argsOf("team-b"));
    declare("of-a", { name: "of-a", budget }, { provider: a });
    const component = new pulumi.ComponentResource("test:Component", "component", {}, { provider: b });
    declare("of-b", { name: "of-b", budget }, { parent: component });
    declare("of-main", { name: "of-main", budget });
  };
  const stack = await engine.stack("several", program(10));
  expect((await stack.up()).changes).toEqual({ create: 7 });
  const accounts = ["main", "team-a", "team-b"];
  expect(takeWho().toSorted()).toEqual(accounts.flatMap((who) => [`${who} ${CREATE}`, `${who} ${UPDATE}`]));
  await engine.expectNoChange(stack);

  stack.setProgram(program(20));
  expect((await stack.up()).changes).toEqual({ same: 4, update: 3 });
  expect(takeWho().toSorted()).toEqual([`main ${UPDATE}`, `team-a ${UPDATE}`, `team-b ${UPDATE}`]);
  await stack.refresh();
  expect(takeWho().toSorted()).toEqual([`main ${LIST}`, `team-a ${LIST}`, `team-b ${LIST}`]);

  expect(await project.destroy("several")).toMatchObject({ exitCode: 0 });
  expect(takeWho().toSorted()).toEqual([`main ${REMOVE}`, `team-a ${REMOVE}`, `team-b ${REMOVE}`]);
  expect(await project.resources("several")).toEqual([]);
});

it("an account's API key is encrypted in the state, in clear nowhere, and its name is free to change", async () => {
  const { project, simulator } = engine;
  const { apiKey } = simulator.account("team-a");
  const named = (name: string) => async () => {
    const account = accountOf(name, { ...argsOf("team-a"), rateLimit: "50/60s" });
    declare("one", { budget: 10 }, { provider: account });
    expect(inspect(account, { depth: Infinity, showHidden: true })).not.toContain(apiKey);
    return { keys: keysOn(account) };
  };
  const stack = await engine.stack("encrypted", named("a"));
  await stack.up();
  await stack.refresh();
  const providers = await project.resources("encrypted", PROVIDER);
  const provider = providers.find(({ urn }) => urn.endsWith("::a"));
  const ciphertext = expect.stringMatching(/^v1:/);
  for (const properties of [provider?.inputs, provider?.outputs]) {
    expect(properties).toMatchObject(
      settingsInState({ apiKey: { ciphertext }, baseUrl: simulator.baseUrl, rateLimit: "50/60s" }),
    );
  }
  const places = [
    { path: "(the exported state)", text: JSON.stringify(await project.exportState("encrypted")) },
    { path: "(everything printed)", text: project.transcript },
    ...(await project.allFilesText()),
  ];
  const secret = apiKey.slice(3);
  engine.takeRequests();
  stack.setProgram(named("renamed"));
  expect((await stack.up()).changes).toEqual({ create: 1, delete: 1, same: 2 });
  expect(engine.takeRequests()).toEqual([LIST]);
  expect(places.filter(({ text }) => text.includes(secret)).map(({ path }) => path)).toEqual([]);
  expect(await project.destroy("encrypted")).toMatchObject({ exitCode: 0 });
});

describe("the rotation of an account's API key", () => {
  it("fails a plain destroy with what to do, and an up changes the account alone", async () => {
    const { project, simulator } = engine;
    const stack = await engine.stack("rotated", async () => {
      declare("one", { name: "one", budget: 10 }, { provider: accountOf("a", argsOf("team-a")) });
    });
    await stack.up();
    const old = simulator.account("team-a").apiKey;
    simulator.account("team-a").regenerateApiKey();
    engine.takeRequests();

    const refused = await project.destroy("rotated");
    expect(refused.exitCode).not.toBe(0);
    expect(diagnosticsOf(refused.output)).toMatch(/Cannot remove proxy key "one" .*HTTP 401/);
    expect(diagnosticsOf(refused.output)).toContain("run `pulumi up` first, or add `--run-program`");
    expect(refused.output).not.toContain(old);
    expect(Object.keys(await engine.keysInState("rotated"))).toEqual(["one"]);
    expect(engine.takeRequests()).toEqual([REMOVE]);

    expect((await stack.up()).changes).toEqual({ same: 2, update: 1 });
    expect(engine.takeRequests()).toEqual([]);
    expect(await project.destroy("rotated")).toMatchObject({ exitCode: 0 });
    expect(takeWho()).toEqual([`team-a ${REMOVE}`]);
  });

  itOnce("is followed by a destroy that runs the program", async () => {
    const { simulator } = engine;
    const stack = await engine.stack("run-program", async () => {
      declare("one", { name: "one", budget: 10 }, { provider: accountOf("a", argsOf("team-a")) });
    });
    await stack.up();
    simulator.account("team-a").regenerateApiKey();
    engine.takeRequests();
    await stack.automation.destroy({ runProgram: true });
    expect(takeWho()).toEqual([`team-a ${REMOVE}`]);
    expect(namesOn("team-a")).toEqual([]);
  });
});

itOnce("the API key of another account removes nothing, and the key stays in the state", async () => {
  const { project } = engine;
  const withKeyOf = (account: string) => async () => {
    declare("one", { name: "one", budget: 10 }, { provider: accountOf("a", argsOf(account)) });
  };
  const stack = await engine.stack("mistaken", withKeyOf("team-a"));
  await stack.up();
  stack.setProgram(withKeyOf("team-b"));
  await stack.up();
  engine.takeRequests();

  const refresh = await project.refresh("mistaken");
  expect(refresh.exitCode).not.toBe(0);
  expect(takeWho()).toEqual([`team-b ${LIST}`, `team-b ${LOOKUP}`]);
  const destroy = await project.destroy("mistaken");
  expect(destroy.exitCode).not.toBe(0);
  expect(takeWho()).toEqual([`team-b ${REMOVE}`]);
  for (const { output } of [refresh, destroy]) {
    expect(diagnosticsOf(output)).toMatch(/"one" .*owned by another account .*HTTP 403/);
    expect(diagnosticsOf(output)).toContain("electronhub:apiKey, or an explicit provider");
  }
  expect(Object.keys(await engine.keysInState("mistaken"))).toEqual(["one"]);
  expect(namesOn("team-a")).toEqual(["one"]);

  stack.setProgram(withKeyOf("team-a"));
  await stack.up();
  expect(await project.destroy("mistaken")).toMatchObject({ exitCode: 0 });
  expect(namesOn("team-a")).toEqual([]);
});

it("a key moves to another account by a replacement, and not by the option alone", async () => {
  const { project } = engine;
  const on = (account: "a" | "b", rotationTrigger: number) => async () => {
    const accounts = { a: accountOf("a", argsOf("team-a")), b: accountOf("b", argsOf("team-b")) };
    declare("one", { budget: 10, rotationTrigger }, { provider: accounts[account] });
  };
  const stack = await engine.stack("moved", on("a", 1));
  await stack.up();
  expect(takeWho()).toEqual([`team-a ${CREATE}`]);

  stack.setProgram(on("b", 1));
  expect((await stack.up()).changes).toEqual({ same: 4 });
  const destroy = await project.destroy("moved");
  expect(destroy.exitCode).not.toBe(0);
  expect(diagnosticsOf(destroy.output)).toMatch(
    /Cannot remove proxy key "one-.{7}" .*owned by another account/,
  );
  expect(takeWho()).toEqual([`team-b ${REMOVE}`]);

  stack.setProgram(on("a", 1));
  await stack.up();
  stack.setProgram(on("b", 2));
  await stack.up();
  expect(takeWho()).toEqual([`team-b ${CREATE}`, `team-a ${REMOVE}`]);
  expect([namesOn("team-a"), namesOn("team-b")]).toEqual([[], [expect.stringMatching(/^one-/)]]);
  expect(await project.destroy("moved")).toMatchObject({ exitCode: 0 });
  expect(takeWho()).toEqual([`team-b ${REMOVE}`]);
});

it("an account whose API key is known only during the up is previewed and then used", async () => {
  const { project, simulator } = engine;
  const { apiKey } = simulator.account("team-b");
  const stack = await engine.stack("later", async () => {
    const first = declare("first", { budget: 10 });
    const account = accountOf("b", { ...argsOf("team-b"), apiKey: first.key.apply(() => apiKey) });
    declare("second", { budget: 10 }, { provider: account });
    const names = keysOn(account).apply((keys) => keys.map(({ name }) => name));
    return { names, secret: pulumi.isSecret(names) };
  });
  simulator.account("team-b").addKey({ name: "there" });
  await stack.preview();
  expect(engine.takeRequests()).toEqual([]);
  const { outputs } = await stack.up();
  expect(outputs["names"]).toEqual({ value: expect.arrayContaining(["there"]), secret: false });
  expect(outputs["secret"]?.value).toBe(false);
  expect(takeWho().toSorted()).toEqual([`main ${CREATE}`, `team-b ${LIST}`, `team-b ${CREATE}`].toSorted());
  expect(await project.destroy("later")).toMatchObject({ exitCode: 0 });
});

itOnce("the limit of one account holds up nothing on another", async () => {
  const stack = await engine.stack("windows", async () => {
    const limited = accountOf("limited", { ...argsOf("limited"), maxWait: "10s" });
    const free = accountOf("free", argsOf("team-b"));
    for (const at of "123456") {
      declare(`limited-${at}`, { budget: 1 }, { provider: limited });
      declare(`free-${at}`, { budget: 1 }, { provider: free });
    }
  });
  const { output } = await expectFailure(stack.up({ continueOnError: true }));
  expect(diagnosticsOf(output)).toMatch(/Cannot create proxy key "limited-\d-.*exceed maxWait/);
  expect(namesOn("limited")).toHaveLength(5);
  expect(namesOn("team-b")).toHaveLength(6);
});
