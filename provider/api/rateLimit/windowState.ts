import type { PastRequests } from "./pastRequests";

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
  /** How many responses have shown the server's count since this machine knew nothing of the account's use. */
  looks: number;
  /** When the first of these was sent. */
  looksSinceMs?: number;
  /** Others use the account. Absent: none were noticed. */
  crowd?: Crowd;
  /** How this machine resumes after the latest cooldown. */
  resumption?: Resumption;
}

/** A request in the window, or one that has left it lately. */
export interface WindowEntry {
  id: string;
  sentMs: number;
  /** When it got a response or failed. Absent: in flight. */
  endedMs?: number;
  /** The response was a 429. */
  rateLimited?: true;
  /** It was sent without knowledge of the account's use. */
  isBlind?: true;
  /** How long after it has left the window no other request takes its place. */
  pauseMs?: number;
  /** That time was drawn to spread the machines over the window. */
  isLongPause?: true;
  /** The part of the others' requests that came before it, if they were sent as spread as it. Absent: all. */
  knownPart?: number;
}

/**
 * What a machine does while other machines use the account, without a window that they share: it keeps to a share of
 * the account's window. It uses its share again and again, since its own requests leave the window when it knows, and
 * it enlarges it one request at a time, so that each response shows what the others do meanwhile.
 */
export interface Crowd {
  /** How many requests this machine may have in the window. */
  share: number;
  /** The most requests of others that a response has shown in the last window, and when. */
  others: number;
  othersMs: number;
  /** When the share grows by one. Absent: not before the next response. */
  growMs?: number;
  /** The delay of that growth, if it may be delayed once more. */
  growDelayMs?: number;
  /** When the share was last reduced. */
  reducedMs: number;
  /** Since when the responses show no other requests. */
  emptyMs?: number;
}

/** After a cooldown all machines start at once, unless each waits for a random part of a time. */
export interface Resumption {
  cooldownUntilMs: number;
  /** The longest additional wait. */
  spreadMs: number;
  atMs: number;
  /** The number of 429s that this machine has received while others used the account. */
  refusals: number;
}

/** The requests of a machine that wait. */
export interface Demand {
  /** Those of all its processes, as far as they are known. */
  waiting: number;
  /** Until when the first one may wait. */
  deadlineMs: number;
  /** The first one is not delayed to look for other machines. */
  isUrgent: boolean;
  /** Some come in pairs: the second is of no use long after the first. */
  inPairs: boolean;
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

export function emptyWindow(): WindowState {
  return {
    entries: [],
    othersSentMs: [],
    past: [],
    last429Ms: 0,
    cooldownUntilMs: 0,
    lastReportMs: 0,
    cooldowns: 0,
    looks: 0,
    waiting: {},
  };
}
