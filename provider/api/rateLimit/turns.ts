import type { WindowState } from "./windowState";

/** How many waiting requests a process publishes to the others. */
export const KNOWN_WAITING = 16;

/** The requests of one process that wait for a permit. */
export interface ProcessTurn {
  /** Identifies the process in the window. */
  process: string;
  /** When each of its first waiting requests was made, the oldest first. */
  askedMs: readonly number[];
  /** How many requests all processes together may send now. */
  free: number;
  nowMs: number;
}

/**
 * Publishes the waiting requests of a process, and returns how many of the free requests it may send: first come, first
 * served among all processes. They all wake at the same moment, and the first one must not take everything:
 * `npm run bench` shows operations that exceed maxWait without this.
 */
export function shareOf(state: WindowState, { process, askedMs, free, nowMs }: ProcessTurn): number {
  for (const [name, { seenMs }] of Object.entries(state.waiting)) {
    if (name !== process && (seenMs > nowMs || nowMs - seenMs > GONE_AFTER_MS)) delete state.waiting[name];
  }
  const { [process]: published, ...waiting } = state.waiting;
  if (askedMs.length === 0) {
    delete state.waiting[process];
    return 0;
  }
  const others = Object.values(waiting).flatMap((other) => other.askedMs);
  const isReserved = nowMs - (state.idleSinceMs ?? nowMs) < RESERVED_FOR_MS;
  const before = (mineMs: number) => others.filter((otherMs) => otherMs < mineMs).length;
  const share = isReserved ? askedMs.filter((mineMs, at) => before(mineMs) + at < free).length : free;
  const taken = Math.min(share, askedMs.length);
  if (free > taken) state.idleSinceMs ??= nowMs;
  else delete state.idleSinceMs;
  const left = askedMs.slice(taken);
  if (left.length === 0) delete state.waiting[process];
  else if (published === undefined || !isCurrent(published, left, nowMs))
    state.waiting[process] = { askedMs: left, seenMs: nowMs };
  return share;
}

/** How many requests of other processes wait, as far as they have published it. */
export function othersWaiting({ waiting }: WindowState, process: string): number {
  return Object.entries(waiting).reduce(
    (sum, [name, { askedMs }]) => sum + (name === process ? 0 : askedMs.length),
    0,
  );
}

/** Whether there is nothing new to publish. Each new state costs the other machines an attempt. */
function isCurrent({ askedMs, seenMs }: Published, nowAskedMs: readonly number[], nowMs: number): boolean {
  const isFresh = seenMs <= nowMs && nowMs - seenMs < SEEN_EVERY_MS;
  return isFresh && askedMs.length === nowAskedMs.length && askedMs.every((ms, at) => ms === nowAskedMs[at]);
}

type Published = WindowState["waiting"][string];

/** How often a process that waits shows that it is still there. It looks at the window at least every 10 s. */
const SEEN_EVERY_MS = 5_000;

/** A waiting process that was not seen for this long counts as gone. A running one is seen at least every 15 s. */
const GONE_AFTER_MS = 20_000;

/** How long free requests are reserved for the process that came first. After that any process may send them. */
const RESERVED_FOR_MS = 1_000;
