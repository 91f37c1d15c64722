import { resolve } from "node:path";
import { errorCode } from "../util/errno";
import { redact } from "../util/redact";
import { sortedJson } from "../util/sortedJson";
import { isUserError, UserError } from "../util/userError";
import type { Operation } from "./accountContext";
import { appendToLog, requireWritable } from "./audit/auditFile";
import { PartialFailure, type Action, type KeyLabel } from "./failures";
import type { Labels } from "./labels";
import { inputNames, type InputName } from "./schema/inputs";
import type { ProxyKeyState } from "./schema/state";
import { secretsOf } from "../config";

/** The result of a verb. */
export interface Done<T> {
  /** For the engine. */
  result: T;
  /** For the audit log: `created`, `adopted`, `updated`, `removed`, `already deleted`, `disabled`, … */
  outcome: string;
}

/**
 * Runs a verb. With `auditLog` set, opens the log before the first request, and writes one line before the engine gets the
 * result. Writes nothing for an operation that neither sends a request nor changes labels, and for verbs that change nothing.
 */
export async function withAuditLog<T>(
  action: Action,
  label: KeyLabel,
  operation: Operation,
  verb: (operation: Operation) => Promise<Done<T>>,
): Promise<Done<T>> {
  const { settings } = operation;
  const { auditLog } = settings;
  const audited = AUDITED[action];
  if (auditLog === undefined || audited === undefined) return verb(operation);

  requireAuditLog(auditLog);
  const write = async (outcome: string, about: KeyLabel, reason?: string) => {
    const labels = labelsAfter(label, about);
    // The log alone knows the labels of a key that is in no state.
    if (operation.requests === 0 && sortedJson(labels) === sortedJson(label.labels)) return;
    const entry: AuditEntry = {
      time: new Date(operation.call.clock.nowMs()).toISOString(),
      action: audited,
      name: about.name,
      fingerprint: about.fingerprint,
      // Those of a key that was taken over are those of the resource that has it now.
      labels: outcome === "taken over" ? undefined : labels,
      requests: operation.requests,
      settings: audited === "delete" ? backupOf(label) : undefined,
      outcome,
      reason,
    };
    await appendAuditLine(auditLog, entry, [...secretsOf(settings), label.key ?? ""]);
  };
  let done: Done<T>;
  try {
    done = await verb(operation);
  } catch (error) {
    const [outcome, about, reason] =
      error instanceof PartialFailure ? ["done in part", error.state, error.cause] : ["failed", label, error];
    // The engine must get the verb's own failure, and the state in it, even if the log fails.
    await write(outcome, about, reasonOf(reason)).catch((lost: unknown) => operation.report(reasonOf(lost)));
    throw error;
  }
  const { result, outcome } = done;
  const outs = hasOutputs(result) ? result.outs : undefined;
  await write(outcome, outs ?? label).catch((error: unknown) => {
    throw outs === undefined ? error : new PartialFailure(error, outs);
  });
  return done;
}

/** A line, without the hash of the line before it. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  time: string;
  action: "create" | "update" | "disable" | "delete";
  name: string | undefined;
  fingerprint: string | undefined;
  /** After the operation. */
  labels?: Labels | undefined;
  outcome: string;
  /** Why it failed, a sentence for the user. */
  reason?: string | undefined;
  /** Failed ones included. */
  requests: number;
  /** For delete: the key's settings as a backup, without the key. */
  settings?: Record<string, unknown> | undefined;
}

/**
 * Fails before the first request if a line could not be written. Without a log does nothing.
 *
 * @param auditLog relative to the working directory, which for a plugin is the program's folder.
 * @throws AuditLogError
 */
export function requireAuditLog(auditLog: string | undefined): void {
  if (auditLog === undefined) return;
  const file = resolve(auditLog);
  try {
    requireWritable(file);
  } catch (error) {
    throw new AuditLogError({
      why: `The audit log ${file} cannot be written (${errorCode(error) ?? "failed"}), and without it nothing is changed.`,
      nextStep:
        "Create its folder, and make the folder and the file writable, or change electronhub:auditLog.",
      cause: error,
    });
  }
}

/**
 * Appends one line, and resolves when it is on the disk. Without a log does nothing.
 *
 * @param secrets to redact.
 * @throws AuditLogError
 */
export async function appendAuditLine(
  auditLog: string | undefined,
  entry: AuditEntry,
  secrets: readonly string[],
): Promise<void> {
  if (auditLog === undefined) return;
  const file = resolve(auditLog);
  try {
    await appendToLog(file, toJson(entry, secrets));
  } catch (error) {
    throw new AuditLogError({
      why: `What was done (${entry.action}: ${entry.outcome}) could not be written to the audit log ${file} (${errorCode(error) ?? "failed"}).`,
      nextStep: "Make room, or fix the log's folder, then run the command again; it continues from there.",
      cause: error,
    });
  }
}

class AuditLogError extends UserError {
  override readonly name = "AuditLogError";
}

const AUDITED: Partial<Record<Action, AuditEntry["action"]>> = {
  create: "create",
  adopt: "create",
  update: "update",
  delete: "delete",
};

/** The engine must record what a create or an update has done even if the log fails. */
function hasOutputs<T>(result: T): result is T & { outs: ProxyKeyState } {
  return typeof result === "object" && result !== null && "outs" in result;
}

function reasonOf(error: unknown): string {
  return isUserError(error) ? error.why : "an unexpected error";
}

/** The labels after an operation. Empty: it removed them, which a reader of the log must know. */
function labelsAfter(before: KeyLabel, after: KeyLabel): Labels | undefined {
  return after.labels ?? (before.labels === undefined ? undefined : {});
}

/** The trigger may be a secret, and neither is needed to recreate the key. */
const LEFT_OUT: ReadonlySet<InputName> = new Set(["rotationTrigger", "adopt"]);

/** The settings of a removed key, to recreate it. */
export function backupOf(stored: KeyLabel): Record<string, unknown> {
  const settings = inputNames.filter((name) => !LEFT_OUT.has(name));
  const kept = [...settings, "createdAt", "lastUsedAt", "usedBudget"] as const;
  return Object.fromEntries(kept.map((name) => [name, stored[name]]));
}

function toJson(entry: AuditEntry, secrets: readonly string[]): string {
  return JSON.stringify(entry, (_property, value: unknown) =>
    typeof value === "string" ? redact(value, secrets) : value,
  );
}
