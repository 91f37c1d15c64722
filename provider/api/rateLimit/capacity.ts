import { shareCapacity } from "./crowd";
import { pastLeaving, type PastRequests } from "./pastRequests";
import { MARGIN_MS, WINDOW_MS, type Demand, type RateLimit, type WindowState } from "./windowState";

/** How many requests may go out now. */
export interface Capacity {
  free: number;
  /** With `free` 0: when the next request may go out. Undefined: unknown. */
  untilMs?: number | undefined;
  /** The limit that applies. */
  rate?: RateLimit | undefined;
}

/** What a process may send under the account's limit and its configured limit. */
export function capacityIn(
  state: WindowState,
  nowMs: number,
  configured: RateLimit | undefined,
  demand: Demand = UNKNOWN_DEMAND,
): Capacity {
  const account = accountCapacity(state, nowMs, accountWindowMs(configured), demand);
  return tighter(account, configuredCapacity(state, nowMs, configured));
}

const UNKNOWN_DEMAND: Demand = {
  waiting: Infinity,
  deadlineMs: Infinity,
  isUrgent: false,
  inPairs: false,
};

/**
 * What the account's limit leaves. All processes share it.
 *
 * @param demand what waits. Default: unknown.
 */
export function accountCapacity(
  state: WindowState,
  nowMs: number,
  windowMs: number,
  demand: Demand = UNKNOWN_DEMAND,
): Capacity {
  const resumeMs = Math.max(state.cooldownUntilMs, state.resumption?.atMs ?? 0);
  if (nowMs < resumeMs) return { free: 0, untilMs: resumeMs };
  const capacity = underLimit(state, nowMs, windowMs, demand);
  if (capacity.free === 0 || nowMs - state.lastReportMs < windowMs) return capacity;
  // The server's count is unknown: send one request alone and learn it from the response.
  const isProbing = state.entries.some(
    ({ sentMs, endedMs }) => endedMs === undefined && nowMs - sentMs < PROBE_MS,
  );
  return { ...capacity, free: isProbing ? 0 : 1 };
}

function underLimit(state: WindowState, nowMs: number, windowMs: number, demand: Demand): Capacity {
  if (state.limit === undefined) return { free: Infinity };
  const rate = { limit: state.limit, windowMs };
  const share = { ...shareCapacity(state, nowMs, windowMs, demand), rate };
  return tighter(capacityUnder(rate, state, nowMs), share);
}

/** How long other requests wait for a request that goes out alone: its process may have been killed. */
const PROBE_MS = 10_000;

/** What a configured limit leaves. It applies only to the processes that have it configured. */
export function configuredCapacity(
  state: WindowState,
  nowMs: number,
  configured: RateLimit | undefined,
): Capacity {
  return configured === undefined ? { free: Infinity } : capacityUnder(configured, state, nowMs, state.past);
}

/** The API's window, unless a shorter one is configured. */
export function accountWindowMs(configured: RateLimit | undefined): number {
  return Math.min(WINDOW_MS, configured?.windowMs ?? WINDOW_MS);
}

function capacityUnder(
  rate: RateLimit,
  { entries, othersSentMs }: WindowState,
  nowMs: number,
  past: PastRequests = [],
): Capacity {
  const keptMs = rate.windowMs + MARGIN_MS;
  const leavesMs: number[] = [];
  for (const { endedMs = Infinity } of entries) leavesMs.push(endedMs + keptMs);
  for (const noticedMs of othersSentMs) leavesMs.push(noticedMs + keptMs);
  const counted = leavesMs.filter((leaveMs) => leaveMs > nowMs);
  const pastLeaves = pastLeaving(past, keptMs).filter(({ atMs }) => atMs > nowMs);
  const occupied = counted.length + pastLeaves.reduce((sum, { count }) => sum + count, 0);
  if (occupied < rate.limit) return { free: rate.limit - occupied, rate };
  const mustLeave = occupied - rate.limit + 1;
  const untilMs = [...firstOf(pastLeaves, mustLeave), ...counted].toSorted((a, b) => a - b)[mustLeave - 1];
  return { free: 0, untilMs: untilMs === Infinity ? undefined : untilMs, rate };
}

function* firstOf(leaves: readonly { atMs: number; count: number }[], wanted: number): Generator<number> {
  let left = wanted;
  for (const { atMs, count } of leaves) {
    for (let at = 0; at < count && left > 0; at++, left--) yield atMs;
    if (left === 0) return;
  }
}

function tighter(one: Capacity, other: Capacity): Capacity {
  if (one.free > 0 || other.free > 0) return one.free <= other.free ? one : other;
  return (one.untilMs ?? 0) >= (other.untilMs ?? 0) ? one : other;
}
