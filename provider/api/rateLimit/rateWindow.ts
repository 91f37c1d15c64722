import { adjustShare, forgetCrowd, growShare, KEPT_WINDOWS, restartAfterCooldown } from "./crowd";
import { addPast, prunePast } from "./pastRequests";
import { MARGIN_MS, WINDOW_MS, type RateLimitInfo, type WindowEntry, type WindowState } from "./windowState";

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

/**
 * Moves the requests that have left the API's window for good to `past`, and drops those that have left every window. Call it
 * before using the state.
 */
export function prune(state: WindowState, nowMs: number): void {
  const oldestMs = nowMs - WINDOW_MS * (state.crowd === undefined ? 1 : KEPT_WINDOWS) - MARGIN_MS;
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
  if (state.lastReportMs > nowMs) {
    state.lastReportMs = 0;
    state.looks = 0;
    forgetCrowd(state);
  }
  const { resumption } = state;
  if (state.last429Ms > nowMs) {
    const backMs = state.last429Ms - nowMs;
    state.last429Ms = nowMs;
    state.cooldownUntilMs -= backMs;
    if (resumption) {
      resumption.cooldownUntilMs -= backMs;
      resumption.atMs -= backMs;
    }
  }
  // No cooldown is set for longer, so a later end is wrong.
  state.cooldownUntilMs = Math.min(state.cooldownUntilMs, nowMs + MAX_COOLDOWN_MS);
  if (resumption) resumption.atMs = Math.min(resumption.atMs, state.cooldownUntilMs + resumption.spreadMs);
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
 * @param random a number in [0, 1), to act at other times than other machines.
 */
export function recordResponse(
  state: WindowState,
  id: string,
  nowMs: number,
  info: RateLimitInfo | undefined,
  windowMs: number = WINDOW_MS,
  random: () => number = Math.random,
): void {
  const own = state.entries.find((entry) => entry.id === id);
  if (own) own.endedMs = nowMs;
  // A share that only responses with figures let grow would stay as it is when the last of them are lost.
  const growUnseen = () => {
    if (own && !own.isBlind && own.knownPart === undefined)
      growShare(state, undefined, { nowMs, windowMs, random });
  };
  if (info === undefined) return growUnseen();
  if (info.cooldownMs !== undefined) {
    if (own) own.rateLimited = true;
    inferLimit(state, entriesWithin(state, nowMs, windowMs), nowMs, info.limit);
    startCooldown(state, nowMs, info.cooldownMs);
    // Without a limit it is unknown whose requests were too many.
    if (info.limit !== undefined) restartAfterCooldown(state, { nowMs, windowMs, random });
    return;
  }
  setNamedLimit(state, info.limit);
  // The response to a request that was sent before the latest 429 does not show the server's count after it.
  if (own !== undefined && own.sentMs <= state.last429Ms) return;
  state.cooldowns = 0;
  if (state.looks++ === 0) state.looksSinceMs = own?.sentMs ?? nowMs;
  state.lastReportMs = nowMs;
  if (own && info.limit !== undefined && info.remaining !== undefined) {
    const others = entriesWithin(state, nowMs, windowMs).filter((entry) => entry !== own);
    const foreign = noticeOthers(state, own, others, nowMs, info.limit - info.remaining);
    adjustShare(state, own, foreign, { nowMs, windowMs, random });
  } else growUnseen();
}

/** Removes a request that cannot have reached the server. */
export function removeRequest(state: WindowState, id: string): void {
  state.entries = state.entries.filter((entry) => entry.id !== id);
}

function entriesWithin({ entries }: WindowState, nowMs: number, windowMs: number): readonly WindowEntry[] {
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
 *
 * @returns how many requests of other clients are in the window.
 */
function noticeOthers(
  state: WindowState,
  own: WindowEntry,
  others: readonly WindowEntry[],
  nowMs: number,
  used: number,
): number {
  const certain = others.filter(({ endedMs }) => endedMs !== undefined && endedMs <= own.sentMs).length;
  const foreign = Math.max(0, used - 1 - others.length);
  while (state.othersSentMs.length < foreign) state.othersSentMs.push(nowMs);
  // With no other request in flight the count is exact: it also shows which requests have left the window early.
  if (certain === others.length && state.othersSentMs.length > foreign) {
    state.othersSentMs = foreign === 0 ? [] : state.othersSentMs.slice(-foreign);
  }
  return foreign;
}
