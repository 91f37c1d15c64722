import type { KeyObject } from "../../api/wire";
import { instantOf } from "../../lifecycle/schema/instants";
import type { ExitCode, Problem } from "../problems";
import { credits, table } from "./table";

/** What became of a key, or would become of it. */
export type KeyOutcome =
  | "would-remove"
  | "removed"
  | "already-gone"
  /** Left on the account, since the stack says so (`onDestroy`, `retainOnDelete`). */
  | "kept"
  | "failed"
  /** The account could not be asked. */
  | "unknown";

/** A key in a report, for people and programs. */
export interface KeyReport {
  name: string | null;
  fingerprint: string;
  /** The resource's name in the stack; null for a key that no state recorded. */
  resource: string | null;
  /** ISO 8601. null: never. Absent: not known. */
  lastUsedAt?: string | null | undefined;
  /** Credits that go back to the account on removal. null: not known. */
  unusedCredits: number | null;
  outcome: KeyOutcome;
  why?: string;
  nextStep?: string;
}

/** What the account says of a key, for a report. */
export function keyFacts(wire: KeyObject | undefined): Pick<KeyReport, "lastUsedAt" | "unusedCredits"> {
  if (wire === undefined) return { unusedCredits: null };
  return {
    lastUsedAt: typeof wire.last_used === "number" ? instantOf(wire.last_used) : wire.last_used,
    unusedCredits:
      wire.used_ammount === undefined
        ? null
        : Math.max(0, sumOfCredits([wire.allocated_ammount, -wire.used_ammount])),
  };
}

/** Credits that went back with the keys that were removed, as far as they are known. */
export function creditsReturned(keys: readonly KeyReport[]): number {
  return creditsOf(keys, "removed");
}

/** Unused credits of the keys with this outcome, as far as they are known. */
export function creditsOf(keys: readonly KeyReport[], wanted: KeyOutcome): number {
  return sumOfCredits(
    keys.flatMap(({ outcome, unusedCredits }) => (outcome === wanted ? (unusedCredits ?? []) : [])),
  );
}

/** The exact sum of amounts with up to six decimals. */
export function sumOfCredits(amounts: readonly number[]): number {
  const sum = amounts.reduce((total, amount) => total + Math.round(amount * 1e6), 0) / 1e6;
  return sum === 0 ? 0 : sum;
}

export const OUTCOME_WORDS: Record<KeyOutcome, string> = {
  "would-remove": "would be removed",
  removed: "removed",
  "already-gone": "already gone",
  kept: "kept on the account",
  failed: "FAILED",
  unknown: "unknown",
};

/** The keys as a table, a line each. */
export function keyTable(keys: readonly KeyReport[]): string {
  const rows = keys.map(({ name, fingerprint, resource, lastUsedAt, unusedCredits: unused, outcome }) => [
    name ?? "?",
    fingerprint,
    resource ?? "(never recorded)",
    lastUsedAt === undefined ? "?" : (lastUsedAt ?? "never used"),
    unused === null ? "-" : credits(unused),
    OUTCOME_WORDS[outcome],
  ]);
  return table([["key", "fingerprint", "resource", "last use", "unused credits", ""], ...rows]);
}

/** What failed and what to do about it, as indented lines. */
export function problemLines(problems: readonly Problem[]): string {
  return problems.map(({ why, nextStep }) => `  ! ${indented(why)}\n    ${indented(nextStep)}`).join("\n");
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n    ");
}

/** The problems of the keys themselves. */
export function problemsOf(keys: readonly KeyReport[]): Problem[] {
  return keys.flatMap(({ why, nextStep }) =>
    why === undefined ? [] : [{ why, nextStep: nextStep ?? "Run the command again." }],
  );
}

/** What every report for programs begins with. */
export interface ReportHead {
  command: string;
  dryRun: boolean;
  exitCode: ExitCode;
}
