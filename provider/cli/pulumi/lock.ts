import { hostname, userInfo } from "node:os";
import { isAlive, processStartedMs } from "../../api/processes";

/** A process that holds a stack's lock, as Pulumi's message about it says. */
export interface LockHolder {
  /** `user@host (pid 123)`. */
  who: string;
  user: string | undefined;
  host: string | undefined;
  pid: number | undefined;
  /** Milliseconds since the epoch. Undefined: not said. */
  sinceMs: number | undefined;
}

/** Somebody, of whom the backend says no more. */
export const UNKNOWN_HOLDER: LockHolder = {
  who: "an update that is in progress",
  user: undefined,
  host: undefined,
  pid: undefined,
  sinceMs: undefined,
};

/**
 * Reads the holders from Pulumi's message that a stack is locked, where each has a line such as
 * `file:///…/lock.json: created by ann@laptop (pid 4711) at 2026-11-24T13:12:04Z`.
 */
export function holdersIn(message: string): readonly LockHolder[] {
  const holders = [...message.matchAll(/created by ((.*)@(\S*) \(pid (\d+)\)) at (\S+)/g)].map(
    ([, who = "", user, host, pid, since = ""]): LockHolder => {
      const sinceMs = Date.parse(since);
      return { who, user, host, pid: Number(pid), sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs };
    },
  );
  // The message stands in both of the streams of an error.
  const unique = new Map(holders.map((holder) => [`${holder.who} ${holder.sinceMs}`, holder]));
  return unique.size > 0 ? [...unique.values()] : [UNKNOWN_HOLDER];
}

export interface Liveness {
  user: string;
  host: string;
  isAlive: (pid: number) => boolean;
  startedMs: (pid: number) => number | undefined;
}

const THIS_MACHINE: Liveness = { user: userName(), host: hostname(), isAlive, startedMs: processStartedMs };

/** Milliseconds: a lock says whole seconds, and is written a moment after its process has started. */
const TOLERANCE_MS = 2_000;

/** Names that many machines have. */
const NOBODYS = /^(?:localhost(?:\..*)?)?$/;

/**
 * Whether the process that made the lock is known to be dead: it ran on this machine and is no more. Of another machine's
 * process nothing is known.
 */
export function isDead({ user, host, pid, sinceMs }: LockHolder, here: Liveness = THIS_MACHINE): boolean {
  // On Windows Pulumi says `DOMAIN\\user`, and Node the user alone.
  const isOurs = user?.split("\\").at(-1) === here.user;
  if (pid === undefined || host !== here.host || !isOurs || NOBODYS.test(host)) return false;
  if (!here.isAlive(pid)) return true;
  // The number may have been given to another process since.
  const startedMs = here.startedMs(pid);
  return startedMs !== undefined && sinceMs !== undefined && startedMs > sinceMs + TOLERANCE_MS;
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
