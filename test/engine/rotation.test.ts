import type { CustomResourceOptions } from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { expectFailure } from "../support/engine";
import {
  CREATE,
  declare,
  diagnosticsOf,
  field,
  itOnce,
  program,
  PROXY_KEY,
  REMOVE,
  useEngine,
} from "./fixture";

const engine = useEngine();

/** The method, the path's end, and the name or the key that the request is about. */
function story(): string[] {
  const names = new Map(Object.entries(known).map(([name, key]) => [key, name]));
  return engine.takeJournal().map(({ path, body }) => {
    const key = field(body, "proxy_key");
    return `${path.split("/").at(-1)} ${names.get(String(key)) ?? String(field(body, "name"))}`;
  });
}

/** Keys by the names that the stories give them. */
let known: Record<string, string> = {};

it("a change of the trigger makes the new key first, hands it out in the same `up`, and removes the old one last", async () => {
  // What uses the key: another resource whose name follows its fingerprint, and an output.
  const rotated = (trigger?: unknown, withClock = false) => {
    return async () => {
      const clock = withClock ? declare("clock", { budget: 1 }) : undefined;
      const rotationTrigger = clock === undefined ? trigger : clock.fingerprint;
      const bot = declare("bot", { budget: 10, rotationTrigger });
      declare("user", { budget: 1, name: bot.fingerprint.apply((id) => `for ${id}`) });
      return { key: bot.key, fingerprint: bot.fingerprint };
    };
  };
  const stack = await engine.stack("rotated", rotated({ month: ["2026-01"] }));
  const first = await stack.up();
  engine.takeRequests();
  const before = await engine.secretKeys("rotated");
  await engine.expectNoChange(stack);

  stack.setProgram(rotated({ month: ["2026-02"] }));
  const preview = await stack.preview();
  expect(preview.changes).toMatchObject({ replace: 1 });
  expect(engine.takeRequests()).toEqual([]);
  const second = await stack.up();
  expect(second.changes).toEqual({ replace: 1, update: 1, same: 1 });
  known = { "the old bot": before["bot"] ?? "", "the user": before["user"] ?? "" };
  expect(story()).toEqual([
    expect.stringMatching(/^create bot-[a-z2-7]{7}$/),
    "update the user",
    "remove the old bot",
  ]);
  const after = await engine.secretKeys("rotated");
  expect(second.outputs["key"]).toEqual({ value: after["bot"], secret: true });
  expect(second.outputs["fingerprint"]?.value).not.toBe(first.outputs["fingerprint"]?.value);
  expect(engine.simulator.account().findKey(after["user"] ?? "")?.name).toBe(
    `for ${String(second.outputs["fingerprint"]?.value)}`,
  );
  expect(engine.simulator.account().keys()).toHaveLength(2);
  await engine.expectNoChange(stack);

  // A trigger that is known only later passes the preview, which cannot tell yet whether the key is replaced.
  stack.setProgram(rotated(undefined, true));
  expect((await stack.preview()).changes).toEqual({ create: 1, update: 2, same: 1 });
  expect(engine.takeRequests()).toEqual([]);
  const third = await stack.up();
  known = { "the old bot": after["bot"] ?? "", "the user": before["user"] ?? "" };
  expect(story()).toEqual([
    expect.stringMatching(/^create clock-/),
    expect.stringMatching(/^create bot-/),
    "update the user",
    "remove the old bot",
  ]);
  expect(third.outputs["key"]?.value).not.toBe(after["bot"]);
  await engine.expectNoChange(stack);
});

itOnce("at the cap on keys names `deleteBeforeReplace`, which then works", async () => {
  const account = engine.simulator.account();
  const rotated =
    (rotationTrigger: number, options: CustomResourceOptions = {}) =>
    async () => {
      declare("bot", { budget: 10, rotationTrigger }, options);
    };
  const stack = await engine.stack("capped", rotated(1));
  await stack.up();
  const { keyCap } = account;
  account.keyCap = 1;
  try {
    const before = await engine.secretKeys("capped");
    engine.takeRequests();
    stack.setProgram(rotated(2));
    const diagnostics = diagnosticsOf((await expectFailure(stack.up())).output);
    expect(diagnostics).toMatch(/The account's plan allows no more proxy keys \(HTTP 403/);
    expect(diagnostics).toMatch(/`deleteBeforeReplace` in the resource's options removes the old one first/);
    expect(engine.takeRequests()).toEqual([CREATE]);
    expect(await engine.secretKeys("capped")).toEqual(before);
    expect(account.keys()).toMatchObject([{ key: before["bot"] }]);

    stack.setProgram(rotated(2, { deleteBeforeReplace: true }));
    await stack.up();
    expect(engine.takeRequests()).toEqual([REMOVE, CREATE]);
    expect(account.keys()).toHaveLength(1);
    await engine.expectNoChange(stack);
  } finally {
    account.keyCap = keyCap;
  }
});

it("an old key whose removal fails stays in the state until a later `up` or destroy has removed it", async () => {
  const account = engine.simulator.account();
  const rotated = (rotationTrigger: number) => program({ bot: { rotationTrigger } });
  const stack = await engine.stack("pending", rotated(0));
  await stack.up();

  /** Rotates while the removal of the old key is refused. */
  const rotateInVain = async (trigger: number) => {
    engine.takeRequests();
    const old = (await engine.secretKeys("pending"))["bot"] ?? "";
    engine.simulator.inject({
      on: { path: "/auth/proxy/remove" },
      status: 403,
      body: { error: { message: "Your plan is paused" } },
    });
    stack.setProgram(rotated(trigger));
    const { output } = await expectFailure(stack.up());
    expect(diagnosticsOf(output)).toMatch(/Cannot remove proxy key "bot-[a-z2-7]{7}" \(pk-.*paused/);
    expect(engine.takeRequests()).toEqual([CREATE, REMOVE]);
    const kept = await engine.project.resources("pending", PROXY_KEY);
    expect(kept.map((resource) => Boolean(resource.delete))).toEqual(expect.arrayContaining([false, true]));
    expect(kept).toHaveLength(2);
    expect(account.keys().map(({ key }) => key)).toContain(old);
    expect(account.keys()).toHaveLength(2);
    return old;
  };

  const first = await rotateInVain(1);
  await stack.up();
  expect(engine.takeJournal()).toMatchObject([{ path: "/auth/proxy/remove", body: { proxy_key: first } }]);
  expect(account.keys()).toHaveLength(1);
  await engine.expectNoChange(stack);

  await rotateInVain(2);
  const all = account.keys().map(({ key }) => key);
  expect(await engine.project.destroy("pending")).toMatchObject({ exitCode: 0 });
  const removed = engine.takeJournal().map(({ body }) => field(body, "proxy_key"));
  expect(removed).toHaveLength(2);
  expect(new Set(removed)).toEqual(new Set(all));
  expect(account.keys()).toEqual([]);
  expect(await engine.project.resources("pending")).toEqual([]);
});

itOnce("waits with the removal while the old key is in use, where `refuseIfUsedWithin` says so", async () => {
  const account = engine.simulator.account();
  const rotated = (rotationTrigger: number) =>
    program({ bot: { name: `bot ${rotationTrigger}`, rotationTrigger, refuseIfUsedWithin: "1h" } });
  const stack = await engine.stack("used", rotated(1));
  await stack.up();
  account.spend("bot 1", 1);
  stack.setProgram(rotated(2));
  expect((await expectFailure(stack.up())).output).toMatch(/The key was used .* ago, and refuseIfUsedWithin/);
  expect(account.keys()).toMatchObject([{ name: "bot 1" }, { name: "bot 2" }]);

  account.updateKey("bot 1", { lastUsedUnixS: Math.floor(Date.now() / 1_000) - 7_200 });
  engine.takeRequests();
  await stack.up();
  expect(engine.takeRequests()).toEqual(["POST /auth/proxy/lookup", REMOVE]);
  expect(account.keys()).toMatchObject([{ name: "bot 2" }]);
});
