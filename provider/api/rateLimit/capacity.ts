import { pastLeaving, type PastRequests } from "./pastRequests";
import { MARGIN_MS, WINDOW_MS, type RateLimit, type WindowState } from "./rateWindow";

/** How many requests may go out now. */
export interface Capacity {
  free: number;
  /** With `free` 0: when the next request may go out. Undefined: unknown. */
  untilMs?: number | undefined;
  /** The limit that applies. */
  rate?: RateLimit | undefined;
}

/** What a process may send under the account's limit and its configured limit. */
export function capacityIn(state: WindowState, nowMs: number, configured: RateLimit | undefined): Capacity {
  const account = accountCapacity(state, nowMs, accountWindowMs(configured));
  return tighter(account, configuredCapacity(state, nowMs, configured));
}

/** What the account's limit leaves. All processes share it. */
export function accountCapacity(state: WindowState, nowMs: number, windowMs: number): Capacity {
  if (nowMs < state.cooldownUntilMs) return { free: 0, untilMs: state.cooldownUntilMs };
  const capacity =
    state.limit === undefined
      ? { free: Infinity }
      : capacityUnder({ limit: state.limit, windowMs }, state, nowMs);
  if (capacity.free === 0 || nowMs - state.lastReportMs < windowMs) return capacity;
  // The server's count is unknown: send one request alone and learn it from the response.
  const isProbing = state.entries.some(
    ({ sentMs, endedMs }) => endedMs === undefined && nowMs - sentMs < PROBE_MS,
  );
  return { ...capacity, free: isProbing ? 0 : 1 };
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
  const counted = rate.windowMs < WINDOW_MS ? leavesMs.filter((leaveMs) => leaveMs > nowMs) : leavesMs;
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
