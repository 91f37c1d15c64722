import { MARGIN_MS, type Crowd, type Demand, type WindowEntry, type WindowState } from "./windowState";

/** The part of the limit that all machines together use. The rest is for machines that start. */
const USED_PART = 0.8;

/** With fewer requests than this part of the limit in the window, a machine sends a second one to learn more. */
const FEW_PART = 0.3;

/** A response counts if at least this part of the others' requests came before it. */
const KNOWN_PART = 0.5;

/** A reduced share, as a part of the former one. */
const REDUCED_PART = 0.75;

/** The times below, as parts of the window. */
const GROWTH_TIME = 1 / 30;
const SHORT_PAUSE = 1 / 60;
const LONG_PAUSE = 1 / 4;
const MEMORY = 1.15;
const LEAVING_TIME = 0.6;
const UNUSED_TIME = 0.1;
const FIRST_SPREAD = 1 / 4;
const FORGETTING_TIME = 1.1;

/** How long a machine that starts, and needs more than a small part of the limit, looks for others. */
export const SETTLING_MS = 800;
const SMALL_PART = 1 / 2;

/** How long it looks if its next request need not go out earlier, at most this part of the window. */
const SPARE_SETTLING_MS = 5_000;
const SPARE_PART = 1 / 2;
const LONGEST_RESPONSE_MS = 2_000;

/** A growth that was due for longer is delayed once more. */
const GROWTH_VALID_MS = 1_000;

/** Each refusal makes the next spread so many times longer, since there are more machines than the limit admits. */
const SPREAD_FACTOR = 4;
const MAX_SPREAD_WINDOWS = 16;

/** How long entries that have left the window are kept: their share may be used again. In windows. */
export const KEPT_WINDOWS = 1 + LONG_PAUSE + UNUSED_TIME;

/**
 * What this machine may send beside others, or while it does not know yet whether there are any.
 */
export function shareCapacity(
  state: WindowState,
  nowMs: number,
  windowMs: number,
  demand: Demand,
): { free: number; untilMs?: number | undefined } {
  forgetOthers(state, nowMs, windowMs);
  const { crowd, entries, limit = Infinity } = state;
  if (crowd === undefined) return capacityAlone(state, nowMs, windowMs, demand);
  const leaveMs = entries.map((entry) => freeMs(entry, windowMs));
  const usedMs = leaveMs.filter((ms) => ms > nowMs);
  const reusable = leaveMs.filter((ms) => ms <= nowMs && ms + windowMs * UNUSED_TIME > nowMs).length;
  // What was not used again for a while, others may use by now.
  crowd.share = Math.max(demand.inPairs ? 2 : 1, Math.min(crowd.share, usedMs.length + reusable));
  if (crowd.growMs !== undefined && nowMs >= crowd.growMs) {
    const { growMs, growDelayMs } = crowd;
    delete crowd.growMs;
    delete crowd.growDelayMs;
    // Machines that have waited for the same thing, such as a server, would otherwise all grow at once.
    if (growDelayMs !== undefined && nowMs - growMs >= GROWTH_VALID_MS) crowd.growMs = nowMs + growDelayMs;
    else if (usedMs.length + crowd.others < roomOf(limit)) crowd.share++;
  }
  const free = crowd.share - usedMs.length;
  if (free > 0) return { free };
  const untilMs = Math.min(...usedMs, crowd.growMs ?? Infinity);
  return { free: 0, untilMs: untilMs === Infinity ? undefined : untilMs };
}

/** What this machine may send if it has not noticed others. */
function capacityAlone(
  { entries, looks, looksSinceMs = 0, limit = Infinity }: WindowState,
  nowMs: number,
  windowMs: number,
  { waiting, deadlineMs, isUrgent }: Demand,
): { free: number; untilMs?: number | undefined } {
  const spareMs = looksSinceMs + Math.min(SPARE_SETTLING_MS, windowMs * SPARE_PART);
  // With a nearer deadline, what does not go out in this window fails.
  const isPatient = !isUrgent && deadlineMs > nowMs + windowMs;
  if (looks > 0 && looks <= 2 && nowMs < spareMs && isPatient && isSpare(entries.length, waiting, limit))
    return { free: 0, untilMs: spareMs };
  const isScarce = entries.length + waiting > limit * SMALL_PART;
  if (looks > 2 || (looks === 2 && !isScarce)) return { free: Infinity };
  // Machines that start together differ by some tenths of a second: the third response shows all of them.
  const settledMs = looksSinceMs + SETTLING_MS;
  if (looks === 2 && nowMs < settledMs && !isUrgent) return { free: 0, untilMs: settledMs };
  // One at a time. A permit that is held for longer waits for another one.
  const isInFlight = entries.some(
    ({ sentMs, endedMs }) => endedMs === undefined && nowMs - sentMs < LONGEST_RESPONSE_MS,
  );
  return { free: isInFlight ? 0 : 1 };
}

/**
 * Whether the next request may go out later in the window without a later end of all: what waits needs another window,
 * and there, fewer requests than this window has had already.
 */
function isSpare(sent: number, waiting: number, limit: number): boolean {
  const all = sent + waiting;
  return all > limit && all < Infinity && sent >= ((all - 1) % limit) + 1;
}

/** A request that is about to be sent. */
export function newEntry(state: WindowState, id: string, nowMs: number, windowMs: number): WindowEntry {
  const entry: WindowEntry = { id, sentMs: nowMs };
  forgetOthers(state, nowMs, windowMs);
  if (state.looks === 0) {
    const resumption = currentResumption(state, nowMs, windowMs);
    if (resumption === undefined) entry.isBlind = true;
    else entry.knownPart = Math.min(1, (nowMs - resumption.cooldownUntilMs) / resumption.spreadMs);
    return entry;
  }
  // All machines that paused began to do so at about the same time: those with shorter pauses have sent theirs.
  const paused = state.entries.find((old) => old.isLongPause && freeMs(old, windowMs) <= nowMs);
  if (paused) {
    delete paused.isLongPause;
    entry.knownPart = (paused.pauseMs ?? 0) / (windowMs * LONG_PAUSE);
  }
  return entry;
}

/**
 * Forgets what the responses have shown: once it has left the window, and the whole crowd after the longest time between
 * two requests of a machine that goes on. Machines that start again would otherwise take what they had for unused.
 */
function forgetOthers(state: WindowState, nowMs: number, windowMs: number): void {
  const { lastReportMs } = state;
  if (lastReportMs === 0 || nowMs - lastReportMs <= windowMs * FORGETTING_TIME) return;
  state.looks = 0;
  if (nowMs - lastReportMs <= windowMs * KEPT_WINDOWS) return;
  if (currentResumption(state, nowMs, windowMs) === undefined) forgetCrowd(state);
}

/** Forgets that others use the account, and how often this machine was refused because of them. */
export function forgetCrowd(state: WindowState): void {
  delete state.crowd;
  if (state.resumption) state.resumption.refusals = 0;
}

/** The restart after a refusal, while its machines send their first requests. */
function currentResumption({ resumption }: WindowState, nowMs: number, windowMs: number) {
  if (resumption === undefined) return undefined;
  const endMs = resumption.cooldownUntilMs + resumption.spreadMs + windowMs;
  return nowMs > endMs ? undefined : resumption;
}

/** Adjusts the share to what a response shows: `foreign` requests of others are in the window. */
export function adjustShare(
  state: WindowState,
  entry: WindowEntry,
  foreign: number,
  { nowMs, windowMs, random }: { nowMs: number; windowMs: number; random: () => number },
): void {
  const own = state.entries.filter((other) => freeMs(other, windowMs) > nowMs).length;
  if (foreign > 0) state.crowd ??= { share: Math.max(1, own), others: 0, othersMs: nowMs, reducedMs: nowMs };
  const { crowd, limit } = state;
  if (crowd === undefined || limit === undefined) return;
  if (foreign > 0) delete crowd.emptyMs;
  else if (nowMs - (crowd.emptyMs ??= nowMs) > windowMs * LEAVING_TIME) {
    forgetCrowd(state);
    state.looks = 1;
    return;
  }
  if (foreign >= crowd.others || nowMs - crowd.othersMs > windowMs * MEMORY) {
    crowd.others = foreign;
    crowd.othersMs = nowMs;
  }
  entry.pauseMs = Math.floor(random() * windowMs * SHORT_PAUSE);
  if (entry.isBlind) {
    if (own + foreign <= limit * FEW_PART) crowd.growMs = nowMs;
    else {
      // Spread the machines over the window: then each response shows all others.
      entry.pauseMs = Math.floor(random() * windowMs * LONG_PAUSE);
      entry.isLongPause = true;
    }
    return;
  }
  reduceShare(crowd, own + foreign - roomOf(limit), { nowMs, windowMs, random });
  const { knownPart = 1 } = entry;
  if (knownPart < KNOWN_PART) return;
  // The requests of a machine leave the window together, and then a response shows few of them for a moment.
  const others = Math.max(foreign / knownPart, crowd.share === 1 ? 0 : crowd.others);
  growShare(state, others, { nowMs, windowMs, random });
}

/**
 * Takes a part of the room that the others leave, once the whole share is in use. Call it for each response, also for
 * those that show nothing: the share would otherwise stay as it is until its requests leave the window.
 */
export function growShare(
  state: WindowState,
  others: number | undefined,
  { nowMs, windowMs, random }: { nowMs: number; windowMs: number; random: () => number },
): void {
  const { crowd, limit, entries } = state;
  if (crowd === undefined || limit === undefined || crowd.growMs !== undefined) return;
  const own = entries.filter((entry) => freeMs(entry, windowMs) > nowMs).length;
  if (own < crowd.share) return;
  const othersNow = others ?? crowd.others;
  const room = roomOf(limit) - own - othersNow;
  // All machines together take half of the room.
  const growth = (own * room) / (2 * (own + othersNow));
  if (random() < growth) {
    crowd.growDelayMs = ((0.5 + random()) * windowMs * GROWTH_TIME) / Math.max(1, growth);
    crowd.growMs = nowMs + crowd.growDelayMs;
  }
}

/** Makes room for machines that start, at most once in a window. */
function reduceShare(
  crowd: Crowd,
  excess: number,
  { nowMs, windowMs, random }: { nowMs: number; windowMs: number; random: () => number },
): void {
  if (excess <= 1 || crowd.share === 1 || nowMs - crowd.reducedMs <= windowMs) return;
  crowd.reducedMs = nowMs;
  crowd.share = Math.max(1, Math.floor(crowd.share * REDUCED_PART + random()));
}

/** Starts again with one request, at a random time after the cooldown. */
export function restartAfterCooldown(
  state: WindowState,
  { nowMs, windowMs, random }: { nowMs: number; windowMs: number; random: () => number },
): void {
  const { cooldownUntilMs } = state;
  if (state.resumption?.cooldownUntilMs === cooldownUntilMs) return;
  const refusals = (state.resumption?.refusals ?? 0) + 1;
  state.crowd = { share: 1, others: 0, othersMs: nowMs, reducedMs: nowMs };
  state.looks = 0;
  const spreadMs = windowMs * Math.min(MAX_SPREAD_WINDOWS, FIRST_SPREAD * SPREAD_FACTOR ** (refusals - 1));
  const atMs = cooldownUntilMs + Math.floor(random() * spreadMs);
  state.resumption = { cooldownUntilMs, spreadMs, atMs, refusals };
}

/** How many requests all machines together may have in the window. */
function roomOf(limit: number): number {
  return Math.min(limit * USED_PART, limit - 1.5);
}

/** When another request of this machine may take the place of this one. */
function freeMs({ endedMs = Infinity, pauseMs = 0 }: WindowEntry, windowMs: number): number {
  return endedMs + windowMs + MARGIN_MS + pauseMs;
}
