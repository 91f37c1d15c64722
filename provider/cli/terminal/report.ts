import type { KeyObject } from "../../api/wire";
import type { Labels } from "../../lifecycle/labels";
import { instantOf } from "../../lifecycle/schema/instants";
import type { ExitCode, Problem } from "../problems";
import { labelsText } from "./labelsText";
import type { Paragraph } from "./layout";
import { amount, type Table } from "./table";

/** What the command did, or would do, with a key. */
export type KeyOutcome =
  | "would-remove"
  | "removed"
  | "already-gone"
  /** Left on the account because of `onDestroy` or `retainOnDelete`, or because the program only reads it. */
  | "kept"
  | "failed"
  /** Another account owns the key, so a run would fail on it. */
  | "foreign"
  /** The account could not be asked. */
  | "unknown";

/** A key in a report, for people and programs. */
export interface KeyReport {
  name: string | null;
  fingerprint: string;
  /** The resource's name in the stack. null: no state recorded the key. */
  resource: string | null;
  /** Absent: none, or unknown. */
  labels?: Labels | undefined;
  /** ISO 8601. null: never. Absent: unknown. */
  lastUsedAt?: string | null | undefined;
  /** Credits that a removal returns to the account. null: unknown. */
  unusedCredits: number | null;
  outcome: KeyOutcome;
  why?: string;
  nextStep?: string;
}

/** Reports use and credits of a key, as the account lists it. */
export function keyFacts(wire: KeyObject | undefined): Pick<KeyReport, "lastUsedAt" | "unusedCredits"> {
  if (wire === undefined) return { unusedCredits: null };
  const { last_used: lastUsed, allocated_ammount: allocated, used_ammount: used } = wire;
  return {
    lastUsedAt: typeof lastUsed === "number" ? instantOf(lastUsed) : lastUsed,
    unusedCredits:
      allocated === undefined || used === undefined ? null : Math.max(0, sumOfCredits([allocated, -used])),
  };
}

/** Credits that the removed keys returned, as far as known. */
export function creditsReturned(keys: readonly KeyReport[]): number {
  return creditsOf(keys, "removed");
}

/** Unused credits of the keys with this outcome, as far as known. */
export function creditsOf(keys: readonly KeyReport[], wanted: KeyOutcome): number {
  return sumOfCredits(
    keys.flatMap(({ outcome, unusedCredits }) => (outcome === wanted ? (unusedCredits ?? []) : [])),
  );
}

/** Adds amounts with up to six decimals exactly. */
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
  foreign: "owned by another account",
  unknown: "unknown",
};

/** Lists the keys in a table, one line each. */
export function keyTable(keys: readonly KeyReport[], indent = 0): Table {
  const isLabelled = keys.some(({ labels }) => labels !== undefined);
  const rows = keys.map((key) => [
    key.name ?? "?",
    key.fingerprint,
    key.resource ?? "(never recorded)",
    key.lastUsedAt === undefined ? "?" : (key.lastUsedAt ?? "never"),
    key.unusedCredits === null ? "-" : amount(key.unusedCredits),
    ...(isLabelled ? [labelsText(key.labels)] : []),
    OUTCOME_WORDS[key.outcome],
  ]);
  const heading = ["key", "fingerprint", "resource", "last use", "unused credits"];
  return { rows: [[...heading, ...(isLabelled ? ["labels"] : []), ""], ...rows], indent };
}

/** Lists problems with their next steps. */
export function problemLines(problems: readonly Problem[]): Paragraph[] {
  return problems.map(({ why, nextStep }) => flawLine(`${why}\n${nextStep}`));
}

export function flawLine(text: string): Paragraph {
  return { head: "  ! ", text, tone: "error" };
}

/** Whether there are no problems, and every key has a known outcome that is not a failure. */
export function isWhole({
  keys,
  problems,
}: {
  keys: readonly KeyReport[];
  problems: readonly Problem[];
}): boolean {
  return (
    problems.length === 0 &&
    keys.every(({ outcome }) => outcome !== "failed" && outcome !== "foreign" && outcome !== "unknown")
  );
}

/** The problems of single keys. */
export function problemsOf(keys: readonly KeyReport[]): Problem[] {
  return keys.flatMap(({ why, nextStep }) =>
    why === undefined ? [] : [{ why, nextStep: nextStep ?? "Run the command again." }],
  );
}

/** The first fields of every JSON report. */
export interface ReportHead {
  command: string;
  dryRun: boolean;
  exitCode: ExitCode;
}
