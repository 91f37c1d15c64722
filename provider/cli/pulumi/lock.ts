import { quotable } from "../../util/redact";

/** A lock of a stack, and the process that took it. */
export interface LockHolder {
  /** The lock's file, as a path or a URL. */
  id: string;
  /** `user@host (pid 123)`. */
  who: string;
  /** Milliseconds since the epoch. Undefined: unknown. */
  sinceMs: number | undefined;
}

/** The holder of a lock about which the backend gives no details. */
export const UNKNOWN_HOLDER: LockHolder = {
  id: "",
  who: "an update that is in progress",
  sinceMs: undefined,
};

/**
 * Reads the lock holders from Pulumi's message about a locked stack, with a line for each lock, such as
 * `file:///…/lock.json: created by ann@laptop (pid 4711) at 2026-11-24T13:12:04Z`.
 */
export function holdersIn(message: string): readonly LockHolder[] {
  const holders = [...message.matchAll(/^\s*(.*?): created by (.*)@(\S*) \(pid (\d+)\) at (\S+)/gm)].map(
    ([, id = "", user, host, pid, since = ""]): LockHolder => {
      const sinceMs = Date.parse(since);
      return {
        id,
        who: holderName(user, host, Number(pid)),
        sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs,
      };
    },
  );
  // An error repeats the message for stdout and stderr.
  const unique = new Map(holders.map((holder) => [JSON.stringify(holder), holder]));
  return unique.size > 0 ? [...unique.values()] : [UNKNOWN_HOLDER];
}

export function holderName(user: unknown, host: unknown, pid: number): string {
  return quotable(`${String(user)}@${String(host)} (pid ${pid})`);
}
