import { openAuditLog, reasonOf, type AuditEntry } from "./auditLog";
import { PartialFailure, type KeyLabel } from "./failures";
import { inputNames, type InputName } from "./schema/inputs";
import type { Operation } from "./accountContext";
import type { ProxyKeyState } from "./schema/state";

export type AuditedAction = AuditEntry["action"];

/** What a verb gives the engine, and what it gives the log. */
export interface AuditedChange<T> {
  result: T;
  outcome: string;
  /** Where it is known only afterwards. */
  fingerprint?: string;
}

/**
 * Runs a verb that changes something. With `auditLog` set, the log is opened before anything is sent, and one line says
 * what happened before the engine hears of it. An operation that sent no request leaves no line.
 */
export async function withAuditLog<T>(
  action: AuditedAction,
  subject: KeyLabel,
  operation: Operation,
  verb: (operation: Operation) => Promise<AuditedChange<T>>,
): Promise<T> {
  const { auditLog } = operation.settings;
  if (auditLog === undefined) return (await verb(operation)).result;

  const log = await openAuditLog(auditLog);
  const write = async (outcome: string, more: Partial<AuditEntry> = {}) => {
    if (operation.requests === 0) return;
    const secrets = [operation.settings.apiKey, ...(typeof subject.key === "string" ? [subject.key] : [])];
    await log.append({ ...entryOf(action, subject, operation), outcome, ...more }, secrets);
  };
  try {
    let change: AuditedChange<T>;
    try {
      change = await verb(operation);
    } catch (error) {
      // Whatever becomes of the log: what failed, and what exists all the same, must reach the engine.
      await writeFailure(error, write).catch(() => undefined);
      throw error;
    }
    await write(
      change.outcome,
      change.fingerprint === undefined ? {} : { fingerprint: change.fingerprint },
    ).catch((error: unknown) => {
      throw hasOutputs(change.result) ? new PartialFailure(error, change.result.outs) : error;
    });
    return change.result;
  } finally {
    await log.close();
  }
}

async function writeFailure(
  error: unknown,
  write: (outcome: string, more: Partial<AuditEntry>) => Promise<void>,
): Promise<void> {
  if (error instanceof PartialFailure) {
    await write("done in part", { reason: reasonOf(error.cause), fingerprint: error.state.fingerprint });
  } else {
    await write("failed", { reason: reasonOf(error) });
  }
}

/** What a create or an update has done must be recorded by the engine even if the log fails. */
function hasOutputs<T>(result: T): result is T & { outs: ProxyKeyState } {
  return typeof result === "object" && result !== null && "outs" in result;
}

function entryOf(
  action: AuditedAction,
  subject: KeyLabel,
  operation: Operation,
): Omit<AuditEntry, "outcome"> {
  return {
    time: new Date(operation.wait.clock.nowMs()).toISOString(),
    action,
    name: typeof subject.name === "string" ? subject.name : undefined,
    fingerprint: typeof subject.fingerprint === "string" ? subject.fingerprint : undefined,
    requests: operation.requests,
    settings: action === "delete" ? backupOf(subject as Record<string, unknown>) : undefined,
  };
}

/** What a program may have passed as a secret, and what no key like it needs: it was of use only to the one removed. */
const LEFT_OUT: ReadonlySet<InputName> = new Set(["rotationTrigger", "adopt"]);

/** Everything that a removed key was set to, so that one like it can be made again. */
function backupOf(properties: Record<string, unknown>): Record<string, unknown> {
  const settings = inputNames.filter((name) => !LEFT_OUT.has(name));
  const kept = [...settings, "createdAt", "lastUsedAt", "usedBudget"];
  return Object.fromEntries(kept.map((name) => [name, properties[name]]));
}
