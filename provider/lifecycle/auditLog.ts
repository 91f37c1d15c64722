import { open, statfs, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorCode } from "../util/errno";
import { redact } from "../util/redact";
import { isUserError, UserError } from "../util/userError";

/** What one operation did to a key, as one line of the log. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  time: string;
  action: "create" | "update" | "delete";
  name: string | undefined;
  fingerprint: string | undefined;
  /** `created`, `adopted`, `updated`, `removed`, `already deleted`, `disabled`, `failed`, … */
  outcome: string;
  /** Why it failed, for people. */
  reason?: string | undefined;
  /** Requests that the operation sent, those that failed included. */
  requests: number;
  /** For delete: what the key was set to, as a backup. Never the key. */
  settings?: Record<string, unknown> | undefined;
}

/** The log cannot be written. */
export class AuditLogError extends UserError {
  override readonly name = "AuditLogError";
}

/** A log that has proved to be writable. */
export interface AuditLog {
  /** Appends one line and returns when it is on the disk. */
  append(entry: AuditEntry, secrets: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A line is far shorter; a disk with less room than this is full. */
const MIN_FREE_BYTES = 64 * 1024;

/**
 * Opens the log before anything is sent, so that nothing happens that could not be recorded.
 *
 * @param path relative to the working directory, which for a plugin is the program's folder.
 * @throws AuditLogError when it cannot be written.
 */
export async function openAuditLog(path: string): Promise<AuditLog> {
  const file = resolve(path);
  let handle: FileHandle;
  try {
    handle = await open(file, "a", 0o600);
    await requireRoom(handle, file).catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
  } catch (error) {
    throw new AuditLogError({
      why: `The audit log ${file} cannot be written (${errorCode(error) ?? "failed"}), and without it nothing is changed.`,
      nextStep: "Make the folder exist and the file writable, or change electronhub:auditLog.",
      cause: error,
    });
  }
  return {
    async append(entry, secrets) {
      try {
        // One write for one line: appends of several processes do not mix.
        const line = Buffer.from(`${toLine(entry, secrets)}\n`);
        const { bytesWritten } = await handle.write(line);
        if (bytesWritten < line.length) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
        await handle.sync();
      } catch (error) {
        throw new AuditLogError({
          why: `What was done (${entry.action}: ${entry.outcome}) could not be written to the audit log ${file} (${errorCode(error) ?? "failed"}).`,
          nextStep:
            "Make room, or mend the log's folder, then run the command again; it goes on from what is true.",
          cause: error,
        });
      }
    },
    close: () => handle.close(),
  };
}

/** Only what is sure to keep a line will do: a pipe, a terminal or a full disk may fail when it is too late. */
async function requireRoom(handle: FileHandle, file: string): Promise<void> {
  if (!(await handle.stat()).isFile())
    throw Object.assign(new Error("no file"), { code: "it is no regular file" });
  const { bavail, bsize } = await statfs(dirname(file));
  if (bavail * bsize < MIN_FREE_BYTES) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
}

function toLine(entry: AuditEntry, secrets: readonly string[]): string {
  return JSON.stringify(entry, (_property, value: unknown) =>
    typeof value === "string" ? redact(value, secrets) : value,
  );
}

/** Why something failed, in the words for people. */
export function reasonOf(error: unknown): string {
  return isUserError(error) ? error.why : "an unexpected error";
}
