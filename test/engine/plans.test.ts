import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { expectFailure, type EngineStack } from "../support/engine";
import { DAY_S, moveExpiry } from "./expiryFixture";
import { CREATE, declare, declareRotating, itOnce, REMOVE, times, UPDATE, useEngine } from "./fixture";

/** `pulumi preview --save-plan`, then `pulumi up --plan`: what `up` generates is no violation of a plan. */
const engine = useEngine();

vi.setConfig({ testTimeout: 600_000 });

const planOf = (stack: EngineStack) => join(engine.project.folders.temporary, `${stack.name}.plan`);

/** Saves a plan, then runs it. @returns what `up` changed, and the plan's text. */
async function planned(stack: EngineStack, applied: EngineStack = stack) {
  const plan = planOf(stack);
  const { changes } = await stack.preview({ plan });
  const text = await readFile(plan, "utf8");
  expect(engine.takeRequests()).toEqual([]);
  const up = await applied.up({ plan });
  expect(up.changes).toEqual(changes);
  return { changes, text, outputs: up.outputs };
}

/** Expects that a plan saved before is refused, and that nothing is sent for what became due. */
async function refused(stack: EngineStack) {
  const { output } = await expectFailure(stack.up({ plan: planOf(stack) }));
  expect(output).toMatch(/violates plan/);
  expect(output).toMatch(/A plan saved before that no longer fits: run `pulumi preview --save-plan` again\./);
  expect(engine.takeRequests()).toEqual([]);
  return output;
}

const RENEWED = { expiresIn: "30d", renewBefore: "3d" };

it("a plan of keys: created, unchanged, changed, renewed, adopted and removed", async () => {
  const account = engine.simulator.account();
  const adopted = account.addKey({ name: "outside", allocatedAmount: 10 }).key;
  const declared = (budget: number, trigger: number, expiresIn: string) => async () => {
    const made = declare("made", { budget, rotationTrigger: trigger });
    const ends = declare("ends", { budget: 10, name: "chosen", expiresIn });
    declare("extended", { budget: 10, ...RENEWED });
    declare("rotated", { budget: 10, ...RENEWED, renew: "rotate" });
    declare("adopted", { budget: 10, adopt: adopted });
    declare("ignoring", { budget, expiresIn }, { ignoreChanges: ["*"] });
    return { name: made.name, fingerprint: made.fingerprint, expiresAt: ends.expiresAt };
  };
  // A plan may be made where no API key is known, as in a fork.
  const { "electronhub:apiKey": apiKey, ...withoutApiKey } = engine.config();
  const withApiKey = { env: { ELECTRONHUB_API_KEY: apiKey?.value ?? "" } };
  const fork = await engine.stack("keys", declared(1, 1, "7d"), { config: withoutApiKey });
  const stack = await engine.stack("keys", declared(1, 1, "7d"), { config: withoutApiKey, ...withApiKey });

  const first = await planned(fork, stack);
  expect(first.changes).toEqual({ create: 7 });
  expect(first.outputs["name"]?.value).toMatch(/^made-.{7}$/);
  expect(first.text).not.toContain(adopted);
  expect(first.text).not.toContain(apiKey?.value);
  expect(engine.takeRequests().filter((request) => request === CREATE)).toEqual(times(5, CREATE));
  await engine.expectNoChange(stack);
  // A refresh in between, and a plan that is run twice.
  await stack.preview({ plan: planOf(stack) });
  await stack.refresh();
  for (const run of [1, 2]) {
    expect((await stack.up({ plan: planOf(stack) })).changes, `run ${run}`).toEqual({ same: 7 });
  }
  engine.takeRequests();

  stack.setProgram(declared(2, 2, "9d"));
  expect((await planned(stack)).changes).toEqual({ same: 5, replace: 1, update: 1 });
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, REMOVE, UPDATE].toSorted());

  await moveExpiry(engine, "keys", { extended: 2 * DAY_S, rotated: -DAY_S });
  expect((await planned(stack)).changes).toEqual({ same: 5, replace: 1, update: 1 });
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, REMOVE, UPDATE].toSorted());
  await engine.expectNoChange(stack);

  stack.setProgram(async () => void declare("made", { budget: 2, rotationTrigger: 2 }));
  expect((await planned(stack)).changes).toEqual({ same: 2, delete: 5 });
  expect(engine.takeRequests()).toEqual(times(5, REMOVE));
});

itOnce(
  "a plan saved before a renewal was due is refused, and says why; `up` makes such plans itself on request",
  async () => {
    const declared = (budget: number) => async () => {
      declare("extended", { budget, ...RENEWED });
      declare("rotated", { budget, ...RENEWED, renew: "rotate" });
      return { key: declareRotating("bot", { budget, rotateEvery: "3d", overlap: "1d" }).current };
    };
    const stack = await engine.stack("due", declared(1), { env: { PULUMI_EXPERIMENTAL: "true" } });
    await stack.up();
    stack.setProgram(declared(2));
    await stack.up();
    expect(engine.takeRequests().toSorted()).toEqual([...times(3, CREATE), ...times(3, UPDATE)]);

    const marginS = 20;
    const dueMs = Date.now() + marginS * 1_000;
    await moveExpiry(engine, stack.name, { rotated: 3 * DAY_S + marginS });
    expect(Object.keys((await stack.preview({ plan: planOf(stack) })).changes)).toEqual(["same"]);
    await sleep(dueMs + 1_000 - Date.now());
    expect(await refused(stack)).toMatch(
      /"rotated": it expires in .*, within renewBefore 3d, so a new key replaces it/,
    );
    expect((await planned(stack)).changes).toMatchObject({ replace: 1 });
    engine.takeRequests();
    await engine.expectNoChange(stack);
  },
);

it("a plan of a rotating key: first, quiet, rotated, and at the end of the overlap", async () => {
  const at =
    (day: string, budget = 10) =>
    async () => {
      const bot = declareRotating("bot", {
        budget,
        rotateEvery: "3d",
        overlap: "1d",
        now: `2026-01-${day}:00Z`,
      });
      const { current, previousFingerprint, rotatesAt, previousValidUntil } = bot;
      return { current, previousFingerprint, rotatesAt, previousValidUntil };
    };
  const stack = await engine.stack("rotating", at("01T06:00"));
  /** The `up` is ten minutes later than its plan. */
  const plannedAt = async (hour: string, budget?: number) => {
    stack.setProgram(at(`${hour}:00`, budget));
    await stack.preview({ plan: planOf(stack) });
    expect(engine.takeRequests()).toEqual([]);
    stack.setProgram(at(`${hour}:10`, budget));
    const { outputs } = await stack.up({ plan: planOf(stack) });
    return outputs;
  };

  expect(await plannedAt("01T06")).toMatchObject({ rotatesAt: { value: "2026-01-04T06:10:00Z" } });
  expect(engine.takeRequests()).toEqual([CREATE]);
  await plannedAt("02T06");
  expect(engine.takeRequests()).toEqual([]);
  await plannedAt("03T06", 11);
  expect(engine.takeRequests()).toEqual([UPDATE]);

  // Saved before a rotation, run after it.
  stack.setProgram(at("04T06:00", 11));
  await stack.preview({ plan: planOf(stack) });
  stack.setProgram(at("04T06:20", 11));
  expect(await refused(stack)).toMatch(
    /RotatingProxyKey "bot": a rotation is due since 2026-01-04T06:10:00Z\. A plan/,
  );
  expect(await plannedAt("04T07", 11)).toMatchObject({
    previousFingerprint: { value: expect.stringMatching(/^pk-/) },
    previousValidUntil: { value: "2026-01-05T07:10:00Z" },
  });
  expect(engine.takeRequests()).toEqual([CREATE]);

  // Saved before the end of the overlap, run after it.
  stack.setProgram(at("05T07:00", 11));
  await stack.preview({ plan: planOf(stack) });
  stack.setProgram(at("05T07:20", 11));
  expect(await refused(stack)).toMatch(
    /the overlap of bot-0 ended at 2026-01-05T07:10:00Z, so it is removed\. A plan/,
  );
  await plannedAt("05T08", 11);
  expect(engine.takeRequests()).toEqual([REMOVE]);
  expect(engine.simulator.account().keys()).toHaveLength(1);
});
