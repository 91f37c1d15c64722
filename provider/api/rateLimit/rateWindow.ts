import { addPast, prunePast, type PastRequests } from "./pastRequests";

/**
 * The account's rate limit as far as we can know it: a log of the requests in the last window, our own and those of
 * others that the answers betray. Plain data and pure functions, so that it can live in memory or in a file that several
 * processes share.
 *
 * The server counts arrivals in any 60 s (https://docs.electronhub.ai). We know no arrival, but it lies between sending
 * and answer: a place is taken from sending until a whole window after the answer.
 */

/** Requests allowed in any window. */
export interface RateLimit {
  limit: number;
  windowMs: number;
}

/** The API's window, in milliseconds. */
export const WINDOW_MS = 60_000;

/** Milliseconds that a place is kept beyond its window, since the server's clock may be coarser than ours. */
export const MARGIN_MS = 150;

/** Milliseconds after which a request without an answer is over, whatever became of its process. */
export const MAX_IN_FLIGHT_MS = 130_000;

/** Milliseconds: a server that refuses again and again, but invites to come back soon, is asked less and less often. */
const LONGEST_LEAST_COOLDOWN_MS = 180_000;

/** Milliseconds: no cooldown that is documented comes near. */
const MAX_COOLDOWN_MS = 24 * 3_600_000;

/** Milliseconds for which a limit that only a refusal taught is believed. */
const LEARNT_LIMIT_MS = 3_600_000;

/** With no limit known, no more requests than this are remembered. */
const MAX_REMEMBERED = 200;

export interface WindowEntry {
  id: string;
  sentMs: number;
  /** Absent while the request is under way. */
  answeredMs?: number;
  /** It was refused for the rate. */
  refused?: true;
}

/** What is remembered; JSON. */
export interface WindowState {
  entries: WindowEntry[];
  /** When requests of others were noticed, in milliseconds since the epoch, the oldest first. */
  othersSentMs: number[];
  /** What has left the API's window, for longer ones. */
  past: PastRequests;
  /** The limit that answers named, or that a refusal taught. */
  limit?: number;
  /** Until when a limit that a refusal taught is believed; absent for one that answers named. */
  limitUntilMs?: number;
  /** When a request was last refused for the rate; 0: never. */
  refusedMs: number;
  /** No request goes out before this time. */
  cooldownUntilMs: number;
  /** When an answer last told how the window stands; 0: never. */
  lastReportMs: number;
  /** Who waits, by a name of the process: when each of its first requests came, and when it was last seen. */
  waiting: Record<string, { askedMs: number[]; seenMs: number }>;
  /** Since when there is room that nobody has taken; absent while there is none. */
  idleSinceMs?: number;
  /** Cooldowns one after the other, with nothing let through in between. */
  refusals: number;
}

export function emptyWindow(): WindowState {
  return {
    entries: [],
    othersSentMs: [],
    past: [],
    refusedMs: 0,
    cooldownUntilMs: 0,
    lastReportMs: 0,
    refusals: 0,
    waiting: {},
  };
}

/**
 * Moves what has left the API's window to the past, and forgets what has left every window, whatever limit this process
 * has. To be called before anything else is asked of the state.
 */
export function prune(state: WindowState, nowMs: number): void {
  const oldestMs = nowMs - WINDOW_MS - MARGIN_MS;
  prunePast(state.past, nowMs, MARGIN_MS);
  const kept: WindowEntry[] = [];
  for (const entry of state.entries) {
    // A clock that was set back must not make the past last longer.
    if (entry.sentMs > nowMs) entry.sentMs = nowMs;
    if (entry.answeredMs !== undefined && entry.answeredMs > nowMs) entry.answeredMs = nowMs;
    const { sentMs, answeredMs } = entry;
    if (answeredMs === undefined ? sentMs > nowMs - MAX_IN_FLIGHT_MS : answeredMs > oldestMs)
      kept.push(entry);
    else addPast(state.past, answeredMs ?? sentMs + MAX_IN_FLIGHT_MS);
  }
  const tooMany = state.limit === undefined ? kept.length - MAX_REMEMBERED : 0;
  if (tooMany > 0) {
    for (const { sentMs, answeredMs } of kept.splice(0, tooMany)) addPast(state.past, answeredMs ?? sentMs);
  }
  state.entries = kept;
  state.othersSentMs = state.othersSentMs.map((ms) => Math.min(ms, nowMs)).filter((ms) => ms > oldestMs);
  if (state.lastReportMs > nowMs) state.lastReportMs = 0;
  if (state.refusedMs > nowMs) {
    state.cooldownUntilMs = nowMs + (state.cooldownUntilMs - state.refusedMs);
    state.refusedMs = nowMs;
  }
  // The longest cooldown that is ever noted; a later end is a mistake.
  state.cooldownUntilMs = Math.min(state.cooldownUntilMs, nowMs + MAX_COOLDOWN_MS);
  if ((state.limitUntilMs ?? Infinity) <= nowMs) {
    delete state.limit;
    delete state.limitUntilMs;
  }
}

/** What an answer tells of the limit. */
export interface RateLimitInfo {
  limit?: number | undefined;
  remaining?: number | undefined;
  /** The request was refused for the rate: milliseconds until the next may go out. */
  cooldownMs?: number | undefined;
}

/**
 * Notes that a request of ours is over, and what its answer tells, if there was one of the API's.
 *
 * @param windowMs the account's window, if it is known to be shorter than the API's.
 */
export function recordResponse(
  state: WindowState,
  id: string,
  nowMs: number,
  report: RateLimitInfo | undefined,
  windowMs: number = WINDOW_MS,
): void {
  const own = state.entries.find((entry) => entry.id === id);
  if (own) own.answeredMs = nowMs;
  if (report === undefined) return;
  if (report.cooldownMs !== undefined) {
    if (own) own.refused = true;
    learnFromRefusal(state, entriesWithin(state, nowMs, windowMs), nowMs, report.limit);
    if (nowMs >= state.cooldownUntilMs) state.refusals++;
    const leastMs = Math.min(LONGEST_LEAST_COOLDOWN_MS, 1_000 * 4 ** (state.refusals - 1));
    const untilMs = nowMs + Math.min(MAX_COOLDOWN_MS, Math.max(report.cooldownMs, leastMs));
    state.cooldownUntilMs = Math.max(state.cooldownUntilMs, untilMs);
    state.refusedMs = nowMs;
    // After the cooldown somebody else may be quicker than we are: one goes ahead again.
    state.lastReportMs = 0;
    return;
  }
  nameLimit(state, report.limit);
  // What went out before the refusal knows nothing of how the window stands after it.
  if (own !== undefined && own.sentMs <= state.refusedMs) return;
  state.refusals = 0;
  state.lastReportMs = nowMs;
  if (own && report.limit !== undefined && report.remaining !== undefined) {
    const others = entriesWithin(state, nowMs, windowMs).filter((entry) => entry !== own);
    noticeOthers(state, own, others, nowMs, report.limit - report.remaining);
  }
}

function entriesWithin({ entries }: WindowState, nowMs: number, windowMs: number): readonly WindowEntry[] {
  if (windowMs >= WINDOW_MS) return entries;
  return entries.filter(({ answeredMs = nowMs }) => answeredMs > nowMs - windowMs - MARGIN_MS);
}

function nameLimit(state: WindowState, limit: number | undefined): void {
  if (limit === undefined) return;
  state.limit = limit;
  delete state.limitUntilMs;
}

/** A request that cannot have reached the server takes no place. */
export function removeRequest(state: WindowState, id: string): void {
  state.entries = state.entries.filter((entry) => entry.id !== id);
}

/** A refusal that names no limit still tells, for a while, that it is no higher than what was let through. */
function learnFromRefusal(
  state: WindowState,
  entries: readonly WindowEntry[],
  nowMs: number,
  named: number | undefined,
): void {
  nameLimit(state, named);
  const letThrough = entries.filter(({ answeredMs, refused }) => answeredMs !== undefined && !refused).length;
  if (state.limit !== undefined || letThrough === 0) return;
  // A removal with a guard needs room for two.
  state.limit = Math.max(2, letThrough);
  state.limitUntilMs = nowMs + LEARNT_LIMIT_MS;
}

/**
 * The server counts more requests than we have sent: somebody else uses the account. Ours that were under way at the
 * same time may or may not be in its count, so only what they cannot explain is somebody else's.
 */
function noticeOthers(
  state: WindowState,
  own: WindowEntry,
  others: readonly WindowEntry[],
  nowMs: number,
  used: number,
): void {
  const certain = others.filter(
    ({ answeredMs }) => answeredMs !== undefined && answeredMs <= own.sentMs,
  ).length;
  const foreign = Math.max(0, used - 1 - others.length);
  while (state.othersSentMs.length < foreign) state.othersSentMs.push(nowMs);
  // With nothing else under way the count is exact, so what has left the window early is known too.
  if (certain === others.length && state.othersSentMs.length > foreign) {
    state.othersSentMs = foreign === 0 ? [] : state.othersSentMs.slice(-foreign);
  }
}
