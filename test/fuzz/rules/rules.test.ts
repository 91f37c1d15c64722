import { describe, expect, it } from "vitest";
import type { KeySeen, ResourceSeen, Snapshot } from "../fixture";
import { Memory } from "../memory";
import type { Program, Step } from "../model";
import { broken, healthy, k0, key, NOW_S, resource, snapshot, up, type Played } from "./played";

it("a step that changes nothing breaks no rule", () => {
  expect(broken({})).toEqual([]);
});

describe("a key that a resource names", () => {
  const gone = snapshot([], [resource("k0", "one")]);

  it("exists", () => {
    expect(broken({ after: gone })).toEqual(["liveKeysExist"]);
  });

  it("may be gone after its own removal whose response was lost, but not for another resource's sake", () => {
    const removal = {
      path: "/auth/proxy/remove",
      body: { proxy_key: "ek-proxy-one" },
      applied: true,
      fault: "cut",
    };
    const lost = { step: { kind: "destroy" } as const, ok: false, journal: [removal] };
    expect(broken({ ...lost, after: gone })).toEqual([]);
    const shared = snapshot([], [resource("k0", "one"), resource("k1", "one")]);
    expect(broken({ ...lost, after: shared })).toEqual(["liveKeysExist"]);
  });

  it("is named by no other resource once an `up` has succeeded, and never by another stack's", () => {
    const moving = snapshot([key("one")], [resource("k0", "one"), resource("k1", "one")]);
    expect(broken({ after: moving, ok: false })).toEqual([]);
    expect(broken({ after: moving })).toEqual(["keysAreNotShared"]);
    const other = snapshot([key("one")], [resource("k0", "one"), resource("k0", "one", { stack: "b" })]);
    expect(broken({ after: other, ok: false })).toEqual(["keysAreNotShared"]);
  });

  it("is not given up for another one unasked", () => {
    const replaced = snapshot([key("two")], [resource("k0", "two")]);
    expect(broken({ after: replaced })).toEqual(["keysAreKept"]);
    const triggered = { keys: [{ resource: "k0", settings: { rotationTrigger: 2 } }] };
    expect(broken({ step: up(triggered), after: replaced })).toEqual([]);
  });
});

describe("a key that leaves the state", () => {
  const dropped = { step: up({ keys: [] }), after: snapshot([key("one")], []) };

  it("is removed, retained, or disabled", () => {
    expect(broken(dropped)).toEqual(["nothingIsLeftBehind"]);
    expect(broken({ ...dropped, after: snapshot([], []) })).toEqual([]);
    const retained = snapshot([key("one")], [resource("k0", "one", { isRetained: true })]);
    expect(broken({ ...dropped, before: retained })).toEqual([]);
    const disabled = snapshot([key("one")], [resource("k0", "one", { outputs: { onDestroy: "disable" } })]);
    expect(broken({ ...dropped, before: disabled })).toEqual(["nothingIsLeftBehind"]);
    const inactive = snapshot([key("one", { isActive: false })], []);
    expect(broken({ ...dropped, before: disabled, after: inactive })).toEqual([]);
  });

  it("is not removed when the program adopts it", () => {
    const adopting = up({ keys: [{ resource: "k1", settings: {}, adopt: "one" }] });
    expect(broken({ step: adopting, ok: false, after: snapshot([], []) })).toEqual(["adoptedKeysStay"]);
  });

  it("is removed although the program adopts it only when the resource that has it is the target", () => {
    const k1 = { resource: "k1", settings: {}, adopt: "one" };
    const targeting = (target: string, ...more: Program["keys"]): Step => ({
      kind: "up",
      program: { keys: [k1, ...more] },
      target,
    });
    const gone = { after: snapshot([], []), ok: false };
    expect(broken({ ...gone, step: targeting("k0") })).toEqual([]);
    expect(broken({ ...gone, step: targeting("k1") })).toEqual(["adoptedKeysStay"]);
    expect(broken({ ...gone, step: targeting("k0", ...k0.keys) })).toContain("adoptedKeysStay");
    const shared = snapshot([key("one")], [resource("k0", "one"), resource("k1", "one")]);
    expect(broken({ ...gone, before: shared, step: targeting("k0") })).toContain("adoptedKeysStay");
  });

  it("is not removed while a resource retains it, unless the program has given it to another one", () => {
    const heir = { resource: "k1", settings: {}, adopt: "one" };
    const destroyed = (keys: Program["keys"], more: Partial<ResourceSeen> = {}): Played => ({
      step: { kind: "destroy" },
      before: snapshot(
        [key("one")],
        [resource("k0", "one", { isRetained: true }), resource("k1", "one", more)],
      ),
      after: snapshot([], []),
      program: { keys },
    });
    expect(broken(destroyed([heir]))).toEqual([]);
    expect(broken(destroyed([{ ...heir, retain: true }]))).toEqual(["protectedKeysStay"]);
    expect(broken(destroyed([heir], { isRetained: true }))).toEqual(["protectedKeysStay"]);
    expect(broken(destroyed([{ resource: "k1", settings: {} }]))).toEqual(["protectedKeysStay"]);
    expect(broken(destroyed([heir, ...k0.keys]))).toEqual(["protectedKeysStay"]);
  });
});

it("a key that is adopted without a mention of its restriction is unchanged", () => {
  const adopting = (settings: object) => up({ keys: [{ resource: "k1", settings, adopt: "one" }] });
  const before = snapshot([key("one", { modelWhitelist: ["o3"] })], []);
  const after = snapshot([key("one")], [resource("k1", "one")]);
  expect(broken({ step: adopting({}), before, after })).toEqual(["adoptionsNeverWiden"]);
  expect(broken({ step: adopting({ models: "all" }), before, after })).toEqual([]);
  expect(broken({ step: adopting({}), before, after: before, ok: false })).toEqual([]);
});

describe("a new key", () => {
  const made = { before: snapshot([], []), after: snapshot([key("one")], []), ok: false };
  const creation = { path: "/auth/proxy/create", body: { name: "one-abcdefg" }, applied: true };

  it("is in the state, or the output names it when its response was lost", () => {
    expect(broken({ ...made, journal: [creation] })).toEqual(["newKeysAreTracked"]);
    const lost = [{ ...creation, fault: "cut:after" }];
    expect(broken({ ...made, journal: lost })).toEqual(["newKeysAreTracked"]);
    expect(broken({ ...made, journal: lost, output: 'key "one-abcdefg"' })).toEqual([]);
  });
});

it("a key that is no stack's stays as it is", () => {
  const mine = [resource("k0", "one")];
  const before = snapshot([key("one"), key("theirs")], mine);
  expect(broken({ before, after: before })).toEqual([]);
  expect(broken({ before, after: healthy })).toEqual(["foreignKeysAreUnchanged"]);
  const changed = snapshot([key("one"), key("theirs", { isActive: false })], mine);
  expect(broken({ before, after: changed })).toEqual(["foreignKeysAreUnchanged"]);
});

describe("a key's settings", () => {
  const on = (settings: Partial<KeySeen>, outputs: ResourceSeen["outputs"] = { budget: 10 }): Snapshot =>
    snapshot([key("one", settings)], [resource("k0", "one", { outputs })]);
  const declaring = (settings: Program["keys"][number]["settings"]): Step =>
    up({ keys: [{ resource: "k0", settings }] });

  it.each([
    { why: "budget", settings: { allocatedAmount: 500 } },
    { why: "window", settings: { limitType: "monthly" as const } },
    { why: "models", settings: { modelWhitelist: ["o3"] } },
    { why: "addresses", settings: { ipWhitelist: ["10.0.0.0/8"] } },
    { why: "toggle", settings: { isActive: false } },
    { why: "expiry", settings: { expiresAtUnixS: NOW_S + 60 } },
  ])("are exactly as declared after an `up` that succeeded: $why", ({ settings }) => {
    const after = on(settings);
    expect(broken({ before: after, after })).toEqual(["keysAreAsDeclared", "statesMatchAccounts"]);
    // A run that fails may leave a setting as it was, but not make it what is declared nowhere.
    expect(broken({ before: after, after, ok: false })).toEqual([]);
    expect(broken({ after, ok: false })).toEqual(["settingsAreOldOrNew"]);
  });

  it("are compared with an expiry that counts from the run", () => {
    const expiresIn = (days: number): Snapshot => {
      const expiresAtUnixS = NOW_S + days * 86_400;
      return on(
        { expiresAtUnixS },
        { budget: 10, expiresAt: new Date(expiresAtUnixS * 1_000).toISOString() },
      );
    };
    const step = declaring({ expiresIn: "30d", renewBefore: "3d" });
    expect(broken({ step, before: expiresIn(30), after: expiresIn(30) })).toEqual([]);
    expect(broken({ step, before: expiresIn(31), after: expiresIn(31) })).toEqual(["keysAreAsDeclared"]);
    expect(broken({ step, before: expiresIn(2), after: expiresIn(2) })).toEqual(["keysAreAsDeclared"]);
  });

  it("are not compared while no refresh has seen a change from outside", () => {
    const memory = new Memory();
    memory.unseen.add("one");
    const drifted = on({ allocatedAmount: 77 });
    expect(broken({ before: drifted, after: drifted, memory })).toEqual([]);
  });
});

it("a published key outlives its successor's publication by the overlap", () => {
  const rotating = (nowH: number): Step => up({ keys: [], rotating: { nowH, settings: {} } });
  const outputs = { budget: 3 };
  const settings = { allocatedAmount: 3 };
  const first = snapshot([key("one", settings)], [resource("rot-a", "one", { outputs })], "one");
  const second = snapshot([key("two", settings)], [resource("rot-b", "two", { outputs })], "two");
  const memory = new Memory();
  expect(broken({ step: rotating(0), before: first, after: first, memory })).toEqual([]);
  expect(broken({ step: rotating(97), before: first, after: second, memory })).toEqual([
    "publishedKeysStayValid",
  ]);
  expect(broken({ step: rotating(122), before: second, after: second, memory })).toEqual([]);
});

it("a command that fails without a fault needs a reason", () => {
  const failing = { ok: false, hits: 0, output: "error: The key is not there (404)" };
  expect(broken({ ...failing, hits: 1 })).toEqual([]);
  expect(broken(failing)).toEqual(["failuresAreExplained"]);
  const memory = new Memory();
  memory.gone.add("one");
  const gone = snapshot([], [resource("k0", "one")]);
  expect(broken({ ...failing, before: gone, after: gone, memory })).toEqual([]);
});

it("in a stored sequence, a command ends as expected", () => {
  const step: Step = { kind: "refresh", expect: "failure" };
  expect(broken({ step })).toEqual(["expectationsAreMet"]);
  expect(broken({ step, ok: false })).toEqual([]);
});
