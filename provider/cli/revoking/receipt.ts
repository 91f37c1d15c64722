import type { Problem } from "../problems";
import { keyFacts, sumOfCredits, type ReportHead } from "../terminal/report";
import type { DeclaredKey, DeclaredKeys } from "./declaredKeys";
import { settingsOf, type RevokedKey } from "./revokedKey";

export type RevocationOutcome =
  | "would-revoke"
  | "disabled"
  | "removed"
  | "already-gone"
  | "foreign"
  | "failed"
  | "unknown";

/** What the command found and did with one key. */
export interface KeyReceipt {
  name: string | null;
  /** null: the account's list hides the secret. */
  fingerprint: string | null;
  outcome: RevocationOutcome;
  /** Before this command, or one that was killed. null: unknown. */
  wasEnabled: boolean | null;
  lastUsedAt: string | null | undefined;
  budget: number | null;
  usedBudget: number | null;
  unusedCredits: number | null;
  /** The resources that have the key. Empty: no state that was read has it. */
  declaredIn: readonly Pick<DeclaredKey, "stack" | "urn" | "resource" | "labels" | "role">[];
  /** ISO 8601, by this machine's clock. null: not by this command, or not verified. */
  disabledAt: string | null;
  removedAt: string | null;
  /** When the account's list did not show the key or, where it hides secrets, a lookup said that it is gone. */
  provenAt: string | null;
  /** A backup, without the key. The window of the budget is not shown by the API. */
  settings: Readonly<Record<string, unknown>> | null;
  problems: readonly Problem[];
}

export interface Replacement {
  stack: string;
  command: string;
  /** What the program must leave out or change first, a sentence for each resource. */
  before: readonly string[];
}

export interface Receipt extends ReportHead {
  /** The API's address. */
  server: string;
  keys: readonly KeyReceipt[];
  creditsReturned: number;
  stackCount: number;
  /** What could not be looked up, a sentence for each reason. */
  notLookedUp: readonly string[];
  /** The stacks that have the keys, and the command that creates new ones. */
  replacements: readonly Replacement[];
  problems: readonly Problem[];
}

export function keyReceipt(key: RevokedKey, declared: DeclaredKeys, dryRun: boolean): KeyReceipt {
  const { wire, fingerprint, status, disabledAtMs, removedAtMs, provenAtMs, problems } = key;
  const isVerified = status === "disabled" || status === "removed" || status === "gone";
  const places = fingerprint === undefined ? [] : (declared.byFingerprint.get(fingerprint) ?? []);
  return {
    name: wire?.name ?? key.remembered?.name ?? null,
    fingerprint: fingerprint ?? null,
    outcome: outcomeOf(key, dryRun),
    wasEnabled: wire?.is_active ?? null,
    lastUsedAt: undefined,
    ...keyFacts(wire),
    budget: wire?.allocated_ammount ?? null,
    usedBudget: wire?.used_ammount ?? null,
    declaredIn: places.map(({ stack, urn, resource, labels, role }) => ({
      stack,
      urn,
      resource,
      labels,
      role,
    })),
    disabledAt: instant(isVerified ? disabledAtMs : undefined),
    removedAt: instant(removedAtMs),
    // A list without a key that was never seen proves nothing: the key may be another account's.
    provenAt: status === "absent" ? null : instant(provenAtMs),
    settings: settingsOf(key) ?? key.remembered?.settings ?? null,
    problems,
  };
}

function outcomeOf({ status, problems }: RevokedKey, dryRun: boolean): RevocationOutcome {
  switch (status) {
    case "foreign":
      return "foreign";
    case "removed":
      return "removed";
    case "gone":
      return "already-gone";
    case "perhaps gone":
    case "absent":
      return "unknown";
    default:
      if (problems.length > 0) return "failed";
      if (dryRun) return status === "unseen" ? "unknown" : "would-revoke";
      return status === "disabled" ? "disabled" : "failed";
  }
}

function instant(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

export function creditsReturned(keys: readonly KeyReceipt[]): number {
  return sumOfCredits(
    keys.flatMap(({ outcome, unusedCredits }) => (outcome === "removed" ? (unusedCredits ?? []) : [])),
  );
}
