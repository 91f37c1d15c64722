import { formatDuration } from "../../util/duration";
import type { Labels } from "../../lifecycle/labels";
import { instantOf, NEVER } from "../../lifecycle/schema/instants";
import { shownInputs } from "../../lifecycle/schema/state";
import type { ListedKey } from "../account/accounts";
import type { Problem } from "../problems";
import { labelsText } from "../terminal/labelsText";
import type { Block } from "../terminal/layout";
import { creditsOf, keyFacts, OUTCOME_WORDS, problemLines, problemsOf } from "../terminal/report";
import type { KeyReport, ReportHead } from "../terminal/report";
import { amount, counted, credits, type Table } from "../terminal/table";

/** A key that is, or may be, in no stack. */
export interface OrphanReport extends KeyReport {
  /** ISO 8601. null: unknown. */
  createdAt: string | null;
  /** null: unknown. */
  enabled: boolean | null;
  /** ISO 8601, or `never`. null: unknown. */
  expiresAt: string | null;
}

export interface OrphansReport extends ReportHead {
  orphans: readonly OrphanReport[];
  /** The number of stacks whose states were read. */
  stackCount: number;
  creditsReturned: number;
  problems: readonly Problem[];
}

export function orphanOf(
  { wire, fingerprint }: ListedKey,
  labels: Labels | undefined,
  verdict: Pick<KeyReport, "outcome" | "why" | "nextStep">,
): OrphanReport {
  const { enabled = null, expiresAt = null } = shownInputs(wire);
  return {
    name: wire.name,
    fingerprint: fingerprint ?? "",
    resource: null,
    createdAt: (wire.created_at === undefined ? undefined : instantOf(wire.created_at)) ?? null,
    enabled,
    expiresAt,
    ...keyFacts(wire),
    labels,
    ...verdict,
  };
}

/**
 * @param advice the next step of a dry run that found orphans.
 * @param none the text if there are no orphans.
 */
export function orphansText(
  report: OrphansReport,
  { advice, none, nowMs }: { advice: string; none: string; nowMs: number },
): Block[] {
  const { orphans: keys, dryRun, stackCount } = report;
  const problems = [...report.problems, ...problemsOf(keys)];
  const lines: Block[] = keys.length > 0 ? [tableOf(keys, dryRun, nowMs)] : [];
  lines.push(...problemLines(problems));
  const counts = (outcome: KeyReport["outcome"]) => keys.filter((key) => key.outcome === outcome).length;
  if (!dryRun && keys.length > 0) {
    lines.push(`${counted(counts("removed"), "key")} removed, ${credits(report.creditsReturned)} returned.`);
  }
  const orphaned = counts("would-remove");
  if (orphaned > 0) {
    lines.push(
      `${counted(orphaned, "key")} in none of ${counted(stackCount, "stack")} of the backend, with ${credits(creditsOf(keys, "would-remove"), "unused ")}.`,
      advice,
    );
  }
  const unknown = counts("unknown");
  if (unknown > 0) lines.push(`Whether a stack has ${counted(unknown, "key")} is unknown.`);
  return lines.length === 0 ? [none] : lines;
}

function tableOf(keys: readonly OrphanReport[], dryRun: boolean, nowMs: number): Table {
  const age = (instant: string | null) =>
    instant === null ? "?" : `${formatDuration(Math.max(0, nowMs - Date.parse(instant)))} ago`;
  const isPlain = dryRun && keys.every(({ outcome }) => outcome === "would-remove");
  const isStopped = keys.some((key) => stopped(key, nowMs) !== "");
  const isLabelled = keys.some(({ labels }) => labels !== undefined);
  const rows = keys.map((key) => [
    key.name ?? "?",
    key.fingerprint === "" ? "(hidden)" : key.fingerprint,
    age(key.createdAt),
    key.lastUsedAt === undefined ? "?" : key.lastUsedAt === null ? "never" : age(key.lastUsedAt),
    key.unusedCredits === null ? "?" : amount(key.unusedCredits),
    ...(isStopped ? [stopped(key, nowMs)] : []),
    ...(isLabelled ? [labelsText(key.labels)] : []),
    // Only the next step says what it takes to remove them.
    ...(isPlain ? [] : [key.outcome === "would-remove" ? "in no stack" : OUTCOME_WORDS[key.outcome]]),
  ]);
  const heading = ["key", "fingerprint", "made", "last use", "unused credits"];
  if (isStopped) heading.push("state");
  if (isLabelled) heading.push("labels");
  if (!isPlain) heading.push("");
  return { rows: [heading, ...rows] };
}

/** Why the key does not work. */
function stopped({ enabled, expiresAt }: OrphanReport, nowMs: number): string {
  const hasPassed = expiresAt !== null && expiresAt !== NEVER && Date.parse(expiresAt) <= nowMs;
  return [enabled === false ? "disabled" : [], hasPassed ? "expired" : []].flat().join(", ");
}
