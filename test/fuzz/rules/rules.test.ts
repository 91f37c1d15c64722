import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../../../provider/testing";
import { Memory } from "../memory";
import type { Program, Step } from "../model";
import type { KeySeen, ResourceSeen, Snapshot } from "../world";
import { judge } from "./index";
import type { Evidence } from "./rule";

const NOW_S = 1_800_000_000;

function key(fingerprint: string, settings: Partial<KeySeen> = {}): KeySeen {
  return {
    fingerprint,
    key: `ek-proxy-${fingerprint}`,
    account: "main",
    name: `${fingerprint}-abcdefg`,
    expiresAtUnixS: -1,
    allocatedAmount: 10,
    usedAmount: 0,
    isActive: true,
    modelWhitelist: [],
    ipWhitelist: [],
    createdAtUnixS: NOW_S,
    lastUsedUnixS: null,
    limitType: "daily",
    ...settings,
  };
}

function resource(name: string, fingerprint: string, more: Partial<ResourceSeen> = {}): ResourceSeen {
  return {
    stack: "a",
    name,
    fingerprint,
    urn: `urn:pulumi:a::test::key::${name}`,
    isReplaced: false,
    isRemoved: false,
    isProtected: false,
    isRetained: false,
    hasFailed: false,
    outputs: { budget: 10 },
    ...more,
  };
}

function snapshot(
  keys: readonly KeySeen[],
  resources: readonly ResourceSeen[],
  published?: string,
): Snapshot {
  return {
    keys: new Map(keys.map((one) => [one.fingerprint, one])),
    resources,
    published: new Map(published === undefined ? [] : [["a", published]]),
  };
}

interface Played {
  step?: Step;
  ok?: boolean;
  /** How often the fault was met, of a command that failed. Default: once. */
  hits?: number;
  output?: string;
  before?: Snapshot;
  after?: Snapshot;
  journal?: readonly Partial<JournalEntry>[];
  memory?: Memory;
}

const k0: Program = { keys: [{ resource: "k0", settings: {} }] };
const up = (program: Program): Step => ({ kind: "up", program });
const healthy = snapshot([key("one")], [resource("k0", "one")]);

/** The rules that a step breaks. */
function broken(played: Played): string[] {
  const {
    step = up(k0),
    ok = true,
    output = "",
    before = healthy,
    after = healthy,
    journal = [],
    hits = 1,
  } = played;
  const isAction = step.kind !== "outside" && step.kind !== "foreign";
  const evidence: Evidence = {
    number: 1,
    step,
    actions: isAction ? [{ stack: "a", step, ok, output }] : [],
    before,
    after,
    journal: journal as readonly JournalEntry[],
    violations: [],
    faults: ok ? [] : [{ fault: { kind: "500", at: "list" }, hits }],
    touched: new Set(),
    endedAtS: NOW_S,
    memory: played.memory ?? new Memory(),
    programs: new Map(step.kind === "up" ? [["a", step.program]] : []),
    labelOf: (fingerprint) => fingerprint,
    nameOf: (fingerprint) => fingerprint,
  };
  return [...new Set(judge(evidence).map(({ rule }) => rule))];
}

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
    expect(broken({ before: after, after })).toEqual(["keysAreAsDeclared", "statesTellTheTruth"]);
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

it("a written sequence says how a command ends", () => {
  const step: Step = { kind: "refresh", expect: "failure" };
  expect(broken({ step })).toEqual(["expectationsAreMet"]);
  expect(broken({ step, ok: false })).toEqual([]);
});
