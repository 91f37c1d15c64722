import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nameHashOf, removeOldFiles, settleAll, type Creation, type OpenCreation } from "./journalReader";

/** Where a creation belongs. */
type Place = Pick<Creation, "backend" | "run" | "stack">;

/** Milliseconds after which no command asks any more whether what was taken was saved. */
const FORGOTTEN_AFTER_MS = 30 * 24 * 3_600_000;

/**
 * Marks a stack's state as an older copy, `stack` being `project/stack`: what engines took is not forgotten by its next
 * run until `trustTaken` takes the mark away.
 */
export function doubtTaken(folder: string, stack: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(doubtFile(folder, stack), "", { mode: 0o600 });
}

export function trustTaken(folder: string, stack: string): void {
  rmSync(doubtFile(folder, stack), { force: true });
}

function doubtFile(folder: string, stack: string): string {
  return join(folder, `${nameHashOf(stack).slice(0, 32)}.doubt`);
}

/**
 * Forgets what engines took in earlier runs of a stack: a later one, which has begun by reading the state, shows that it
 * could be read; unless that is an older copy. Of other stacks, and backends, what is very old is forgotten.
 */
export function forgetDelivered(folder: string, { backend, run, stack }: Place, nowMs: number): void {
  // Without the organization, which a backend may call differently.
  const isDoubted = stack !== undefined && existsSync(doubtFile(folder, withoutOrganization(stack)));
  const isKnown = stack !== undefined && backend !== undefined && !isDoubted;
  const isEarlier = (creation: OpenCreation) =>
    isKnown && creation.stack === stack && creation.backend === backend && creation.run !== run;
  const isPast = (creation: OpenCreation) =>
    creation.delivered && (isEarlier(creation) || nowMs - creation.startedMs > FORGOTTEN_AFTER_MS);
  try {
    settleAll(folder, isPast);
    removeOldFiles(folder, nowMs);
  } catch {
    // To remember longer than is needed does no harm.
  }
}

function withoutOrganization(stack: string): string {
  return stack.split("/").slice(-2).join("/");
}
