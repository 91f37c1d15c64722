import { SETTINGS } from "../../config";
import type { Labels } from "../../lifecycle/labels";
import { Refusal, UsageError } from "../problems";
import { shellWord } from "../terminal/shell";
import type { Terminal } from "../terminal/terminal";
import { openLog, type LoggedEntry } from "./logLines";
import { verifyLog } from "./verifyLog";

/** What the user asked of orphans. */
export interface LabelUse {
  label?: Labels | undefined;
  removes: boolean;
}

/**
 * The labels of keys that are in no state, by fingerprint: as of the last operation that was done.
 *
 * @throws UsageError if labels select keys and no audit log can be read; Refusal if they select what is removed and the log
 *   is not as it was written.
 */
export async function labelsForOrphans(
  file: string | undefined,
  { label, removes }: LabelUse,
  terminal: Terminal,
): Promise<ReadonlyMap<string, Labels>> {
  if (file === undefined) {
    if (label === undefined) return new Map();
    throw new UsageError(
      `--label needs an audit log: the labels of a key that is in no stack are there alone. Set electronhub:auditLog or ${SETTINGS.auditLog}, as for the runs that create the keys.`,
    );
  }
  terminal.progress("Reading the audit log");
  try {
    const { labels, isIntact } = await readLabels(file);
    if (isIntact || !removes || label === undefined) return labels;
  } catch (error) {
    if (label !== undefined || !(error instanceof UsageError)) throw error;
    terminal.note(`No labels are shown: ${error.why}`);
    return new Map();
  }
  throw new Refusal({
    why: `The audit log ${file} is not as it was written, so its labels select no key for a removal.`,
    nextStep: `Run \`npx pulumi-electronhub audit --verify ${shellWord(file)}\` to see what is wrong. To remove keys regardless of labels, leave out --label.`,
  });
}

async function readLabels(file: string): Promise<{ labels: ReadonlyMap<string, Labels>; isIntact: boolean }> {
  const labels = new Map<string, Labels>();
  const log = await openLog(file);
  try {
    const { findingCount } = await verifyLog(log, ({ entry = {} }) => {
      const { action, fingerprint, outcome } = entry;
      if (typeof fingerprint !== "string" || outcome === "failed") return;
      const found = labelsIn(entry);
      if (found !== undefined) labels.set(fingerprint, found);
      // Since then a resource without labels has the key, such as one that adopted it.
      else if (action === "create" || action === "update") labels.delete(fingerprint);
    });
    return { labels, isIntact: findingCount === 0 };
  } finally {
    await log.close();
  }
}

/** The labels in a line. Undefined: it has none. */
export function labelsIn({ labels }: LoggedEntry): Labels | undefined {
  if (typeof labels !== "object" || labels === null) return undefined;
  return Object.fromEntries(
    Object.entries(labels).filter((label): label is [string, string] => typeof label[1] === "string"),
  );
}
