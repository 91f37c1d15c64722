/** Made-up steps for the tests of the rules. */

import type { JournalEntry } from "../../../provider/testing";
import type { KeySeen, ResourceSeen, Snapshot } from "../fixture";
import { Memory } from "../memory";
import type { Program, Step } from "../model";
import { judge } from "./index";
import type { Evidence } from "./rule";

export const NOW_S = 1_800_000_000;

export function key(fingerprint: string, settings: Partial<KeySeen> = {}): KeySeen {
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

export function resource(name: string, fingerprint: string, more: Partial<ResourceSeen> = {}): ResourceSeen {
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

export function snapshot(
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

export interface Played {
  step?: Step;
  ok?: boolean;
  /** The number of requests that hit the fault of a failed command. Default: 1. */
  hits?: number;
  output?: string;
  before?: Snapshot;
  after?: Snapshot;
  journal?: readonly Partial<JournalEntry>[];
  memory?: Memory;
  /** The stack's last program. Default: the step's. */
  program?: Program;
}

export const k0: Program = { keys: [{ resource: "k0", settings: {} }] };
export const up = (program: Program): Step => ({ kind: "up", program });
export const healthy = snapshot([key("one")], [resource("k0", "one")]);

/** The rules that a step breaks. */
export function broken(played: Played): string[] {
  const {
    step = up(k0),
    ok = true,
    output = "",
    before = healthy,
    after = healthy,
    journal = [],
    hits = 1,
    program = step.kind === "up" ? step.program : undefined,
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
    programs: new Map(program === undefined ? [] : [["a", program]]),
    labelOf: (fingerprint) => fingerprint,
    nameOf: (fingerprint) => fingerprint,
  };
  return [...new Set(judge(evidence).map(({ rule }) => rule))];
}
