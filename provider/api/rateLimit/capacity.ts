import { pastLeaving, type PastRequests } from "./pastRequests";
import { MARGIN_MS, WINDOW_MS, type RateLimit, type WindowState } from "./rateWindow";

/** Milliseconds for which one request goes ahead alone; its process may have been killed. */
const AHEAD_MS = 10_000;

/** How many requests may go out now, and when none may, from when on, as far as that is known. */
export interface Capacity {
  free: number;
  untilMs?: number | undefined;
  /** The limit that is the reason. */
  rate?: RateLimit | undefined;
}

/** The room that all processes share: what the account's limit leaves. */
export function accountCapacity(state: WindowState, nowMs: number, windowMs: number): Capacity {
  if (nowMs < state.cooldownUntilMs) return { free: 0, untilMs: state.cooldownUntilMs };
  const room =
    state.limit === undefined
      ? { free: Infinity }
      : capacityUnder({ limit: state.limit, windowMs }, state, nowMs);
  if (room.free === 0 || nowMs - state.lastReportMs < windowMs) return room;
  // How the window stands is unknown: one request goes ahead, and its answer tells.
  const ahead = state.entries.some(
    ({ sentMs, answeredMs }) => answeredMs === undefined && nowMs - sentMs < AHEAD_MS,
  );
  return { ...room, free: ahead ? 0 : 1 };
}

/** The room that a configured limit leaves, which binds only the processes that it is configured for. */
export function configuredCapacity(
  state: WindowState,
  nowMs: number,
  configured: RateLimit | undefined,
): Capacity {
  return configured === undefined ? { free: Infinity } : capacityUnder(configured, state, nowMs, state.past);
}

function capacityUnder(
  rate: RateLimit,
  { entries, othersSentMs }: WindowState,
  nowMs: number,
  past: PastRequests = [],
): Capacity {
  const keptMs = rate.windowMs + MARGIN_MS;
  const leavesMs: number[] = [];
  for (const { answeredMs = Infinity } of entries) leavesMs.push(answeredMs + keptMs);
  for (const noticedMs of othersSentMs) leavesMs.push(noticedMs + keptMs);
  const there = rate.windowMs < WINDOW_MS ? leavesMs.filter((leaveMs) => leaveMs > nowMs) : leavesMs;
  const pastLeaves = pastLeaving(past, keptMs).filter(({ atMs }) => atMs > nowMs);
  const occupied = there.length + pastLeaves.reduce((sum, { count }) => sum + count, 0);
  if (occupied < rate.limit) return { free: rate.limit - occupied, rate };
  const mustLeave = occupied - rate.limit + 1;
  const untilMs = [...firstOf(pastLeaves, mustLeave), ...there].toSorted((a, b) => a - b)[mustLeave - 1];
  return { free: 0, untilMs: untilMs === Infinity ? undefined : untilMs, rate };
}

function* firstOf(leaves: readonly { atMs: number; count: number }[], wanted: number): Generator<number> {
  let left = wanted;
  for (const { atMs, count } of leaves) {
    for (let at = 0; at < count && left > 0; at++, left--) yield atMs;
    if (left === 0) return;
  }
}

/** The room that a process has under both limits. */
export function capacityIn(state: WindowState, nowMs: number, configured: RateLimit | undefined): Capacity {
  const account = accountCapacity(state, nowMs, accountWindowMs(configured));
  return tighter(account, configuredCapacity(state, nowMs, configured));
}

/** The API's window, unless a shorter one is configured. */
export function accountWindowMs(configured: RateLimit | undefined): number {
  return Math.min(WINDOW_MS, configured?.windowMs ?? WINDOW_MS);
}

function tighter(one: Capacity, other: Capacity): Capacity {
  if (one.free > 0 || other.free > 0) return one.free <= other.free ? one : other;
  return (one.untilMs ?? 0) >= (other.untilMs ?? 0) ? one : other;
}

/** Milliseconds after which a process that was waiting counts as gone; a living one is seen more often. */
const WAITING_FOR_MS = 20_000;

/** Milliseconds for which room is kept for whoever came first; after that anybody may have it. */
const KEPT_FOR_MS = 1_000;

/** Of each process so many waiting requests are known to the others. */
export const KNOWN_WAITING = 16;

/**
 * Notes when the requests of a process came, and tells how many of the free places are theirs: first come, first served
 * among all processes. They all wait for the same moment, and whoever wakes first must not take everything.
 */
export function shareOf(
  state: WindowState,
  {
    process,
    askedMs,
    free,
    nowMs,
  }: { process: string; askedMs: readonly number[]; free: number; nowMs: number },
): number {
  for (const [name, { seenMs }] of Object.entries(state.waiting)) {
    if (name === process || seenMs > nowMs || nowMs - seenMs > WAITING_FOR_MS) delete state.waiting[name];
  }
  if (askedMs.length === 0) return 0;
  const others = Object.values(state.waiting).flatMap((other) => other.askedMs);
  const isKept = nowMs - (state.idleSinceMs ?? nowMs) < KEPT_FOR_MS;
  const before = (mineMs: number) => others.filter((otherMs) => otherMs < mineMs).length;
  const share = isKept ? askedMs.filter((mineMs, at) => before(mineMs) + at < free).length : free;
  const taken = Math.min(share, askedMs.length);
  if (free > taken) state.idleSinceMs ??= nowMs;
  else delete state.idleSinceMs;
  if (taken < askedMs.length) state.waiting[process] = { askedMs: askedMs.slice(taken), seenMs: nowMs };
  return share;
}
