import { addPast, prunePast, type PastRequests } from "./pastRequests";

/**
 * The known state of an account's rate limit: the requests of the last window, our own and those of other clients that
 * the API's counts reveal. Plain data, kept in memory or in a file that processes share.
 *
 * The server counts the requests that arrive in any 60 s (https://docs.electronhub.ai). We do not know when a request
 * arrives, only that it is between sending and response: it counts from sending until one window after the response.
 */
export interface WindowState {
  entries: WindowEntry[];
  /** When requests of other clients were noticed, in milliseconds since the epoch, the oldest first. */
  othersSentMs: number[];
  /** Requests that have left the API's window, for configured limits with longer ones. */
  past: PastRequests;
  /** The limit that responses name, or that was inferred from a 429. */
  limit?: number;
  /** Until when an inferred limit is trusted. Absent for a limit that responses name. */
  limitUntilMs?: number;
  /** When the latest 429 was received. 0: never. */
  last429Ms: number;
  /** No request is sent before this time. */
  cooldownUntilMs: number;
  /** When the latest response that shows the server's count was received. 0: never. */
  lastReportMs: number;
  /** The waiting processes: when each of their first requests was made, and when the process was last seen. */
  waiting: Record<string, { askedMs: number[]; seenMs: number }>;
  /** Since when requests are free that no process has sent. Absent: none are free. */
  idleSinceMs?: number;
  /** The number of cooldowns since the latest request that succeeded. */
  cooldowns: number;
}

/** A request in the window. */
export interface WindowEntry {
  id: string;
  sentMs: number;
  /** When it got a response or failed. Absent: in flight. */
  endedMs?: number;
  /** The response was a 429. */
  rateLimited?: true;
}

/** Requests allowed in any window. */
export interface RateLimit {
  limit: number;
  windowMs: number;
}

/** What a response shows of the account's limit. */
export interface RateLimitInfo {
  limit?: number | undefined;
  remaining?: number | undefined;
  /** The response is a 429: the time until the next request may be sent. */
  cooldownMs?: number | undefined;
}

/** The API's window. */
export const WINDOW_MS = 60_000;

/** A request counts for this much longer than its window: the server's clock may be coarser than ours. */
export const MARGIN_MS = 150;

/** A request without a response counts as ended after this time: its process may have been killed. */
export const MAX_IN_FLIGHT_MS = 130_000;

/** Upper bound of the minimum cooldown, which grows with each consecutive 429. */
const MAX_MIN_COOLDOWN_MS = 180_000;

/** Upper bound of a cooldown, far above every documented one. */
const MAX_COOLDOWN_MS = 24 * 3_600_000;

/** How long a limit inferred from a 429 is trusted. */
const INFERRED_LIMIT_MS = 3_600_000;

/** The number of entries that are kept while no limit is known. */
const MAX_ENTRIES_WITHOUT_LIMIT = 200;

export function emptyWindow(): WindowState {
  return {
    entries: [],
    othersSentMs: [],
    past: [],
    last429Ms: 0,
    cooldownUntilMs: 0,
    lastReportMs: 0,
    cooldowns: 0,
    waiting: {},
  };
}

/**
 * Moves the requests that have left the API's window to `past`, and drops those that have left every window. Call it
 * before using the state.
 */
export function prune(state: WindowState, nowMs: number): void {
  const oldestMs = nowMs - WINDOW_MS - MARGIN_MS;
  prunePast(state.past, nowMs, MARGIN_MS);
  const kept: WindowEntry[] = [];
  for (const entry of state.entries) {
    // After the clock was set back, a time in the future must not make a request count for longer.
    if (entry.sentMs > nowMs) entry.sentMs = nowMs;
    if (entry.endedMs !== undefined && entry.endedMs > nowMs) entry.endedMs = nowMs;
    const { sentMs, endedMs } = entry;
    if (endedMs === undefined ? sentMs > nowMs - MAX_IN_FLIGHT_MS : endedMs > oldestMs) kept.push(entry);
    else addPast(state.past, endedMs ?? sentMs + MAX_IN_FLIGHT_MS);
  }
  const tooMany = state.limit === undefined ? kept.length - MAX_ENTRIES_WITHOUT_LIMIT : 0;
  if (tooMany > 0) {
    for (const { sentMs, endedMs } of kept.splice(0, tooMany)) addPast(state.past, endedMs ?? sentMs);
  }
  state.entries = kept;
  state.othersSentMs = state.othersSentMs.map((ms) => Math.min(ms, nowMs)).filter((ms) => ms > oldestMs);
  if (state.lastReportMs > nowMs) state.lastReportMs = 0;
  if (state.last429Ms > nowMs) {
    state.cooldownUntilMs = nowMs + (state.cooldownUntilMs - state.last429Ms);
    state.last429Ms = nowMs;
  }
  // No cooldown is set for longer, so a later end is wrong.
  state.cooldownUntilMs = Math.min(state.cooldownUntilMs, nowMs + MAX_COOLDOWN_MS);
  if ((state.limitUntilMs ?? Infinity) <= nowMs) {
    delete state.limit;
    delete state.limitUntilMs;
  }
}

/**
 * Records the end of a request of ours, and what its response shows.
 *
 * @param info undefined: no response, or none of the API.
 * @param windowMs the account's window, if a shorter one than the API's is known.
 */
export function recordResponse(
  state: WindowState,
  id: string,
  nowMs: number,
  info: RateLimitInfo | undefined,
  windowMs: number = WINDOW_MS,
): void {
  const own = state.entries.find((entry) => entry.id === id);
  if (own) own.endedMs = nowMs;
  if (info === undefined) return;
  if (info.cooldownMs !== undefined) {
    if (own) own.rateLimited = true;
    inferLimit(state, entriesWithin(state, nowMs, windowMs), nowMs, info.limit);
    startCooldown(state, nowMs, info.cooldownMs);
    return;
  }
  setNamedLimit(state, info.limit);
  // The response to a request that was sent before the latest 429 does not show the server's count after it.
  if (own !== undefined && own.sentMs <= state.last429Ms) return;
  state.cooldowns = 0;
  state.lastReportMs = nowMs;
  if (own && info.limit !== undefined && info.remaining !== undefined) {
    const others = entriesWithin(state, nowMs, windowMs).filter((entry) => entry !== own);
    noticeOthers(state, own, others, nowMs, info.limit - info.remaining);
  }
}

/** Removes a request that cannot have reached the server. */
export function removeRequest(state: WindowState, id: string): void {
  state.entries = state.entries.filter((entry) => entry.id !== id);
}

function entriesWithin({ entries }: WindowState, nowMs: number, windowMs: number): readonly WindowEntry[] {
  if (windowMs >= WINDOW_MS) return entries;
  return entries.filter(({ endedMs = nowMs }) => endedMs > nowMs - windowMs - MARGIN_MS);
}

function startCooldown(state: WindowState, nowMs: number, cooldownMs: number): void {
  if (nowMs >= state.cooldownUntilMs) state.cooldowns++;
  const minMs = Math.min(MAX_MIN_COOLDOWN_MS, 1_000 * 4 ** (state.cooldowns - 1));
  const untilMs = nowMs + Math.min(MAX_COOLDOWN_MS, Math.max(cooldownMs, minMs));
  state.cooldownUntilMs = Math.max(state.cooldownUntilMs, untilMs);
  state.last429Ms = nowMs;
  // After the cooldown another client may be first, so one request is sent alone again.
  state.lastReportMs = 0;
}

function setNamedLimit(state: WindowState, limit: number | undefined): void {
  if (limit === undefined) return;
  state.limit = limit;
  delete state.limitUntilMs;
}

/** A 429 that names no limit shows that the limit is at most the number of requests that succeeded in the window. */
function inferLimit(
  state: WindowState,
  entries: readonly WindowEntry[],
  nowMs: number,
  named: number | undefined,
): void {
  setNamedLimit(state, named);
  const succeeded = entries.filter(
    ({ endedMs, rateLimited }) => endedMs !== undefined && !rateLimited,
  ).length;
  if (state.limit !== undefined || succeeded === 0) return;
  // A removal with a guard needs two requests.
  state.limit = Math.max(2, succeeded);
  state.limitUntilMs = nowMs + INFERRED_LIMIT_MS;
}

/**
 * If the server counts more requests than we have sent, another client uses the account. Our requests that were in
 * flight at the same time may be in the server's count or not, so only what they cannot explain is another client's.
 */
function noticeOthers(
  state: WindowState,
  own: WindowEntry,
  others: readonly WindowEntry[],
  nowMs: number,
  used: number,
): void {
  const certain = others.filter(({ endedMs }) => endedMs !== undefined && endedMs <= own.sentMs).length;
  const foreign = Math.max(0, used - 1 - others.length);
  while (state.othersSentMs.length < foreign) state.othersSentMs.push(nowMs);
  // With no other request in flight the count is exact: it also shows which requests have left the window early.
  if (certain === others.length && state.othersSentMs.length > foreign) {
    state.othersSentMs = foreign === 0 ? [] : state.othersSentMs.slice(-foreign);
  }
}
