/**
 * The requests of the last hour that the API itself does not count any more: for configured limits whose window is
 * longer than the API's. Plain data, bounded however many requests there are.
 */

/** The longest window of a configured limit. */
export const LONGEST_WINDOW_MS = 3_600_000;

/** A request counts as sent at the end of its bucket. */
const BUCKET_MS = 5_000;

/** How many requests ended in each bucket of 5 s since the epoch, the oldest bucket first. */
export type PastRequests = [bucket: number, count: number][];

export function addPast(past: PastRequests, endedMs: number, count = 1): void {
  const bucket = Math.floor(endedMs / BUCKET_MS);
  let at = past.length;
  while (at > 0 && (past[at - 1]?.[0] ?? 0) > bucket) at--;
  const same = past[at - 1];
  if (same?.[0] === bucket) same[1] += count;
  else past.splice(at, 0, [bucket, count]);
}

/** Forgets what no window can need. */
export function prunePast(past: PastRequests, nowMs: number, marginMs: number): void {
  const current = Math.floor(nowMs / BUCKET_MS);
  let future = 0;
  // A clock that was set back must not make the past last longer.
  while ((past.at(-1)?.[0] ?? 0) > current) future += past.pop()?.[1] ?? 0;
  if (future > 0) addPast(past, nowMs, future);
  const oldest = (nowMs - LONGEST_WINDOW_MS - marginMs) / BUCKET_MS - 1;
  const kept = past.findIndex(([bucket]) => bucket > oldest);
  if (kept !== 0) past.splice(0, kept === -1 ? past.length : kept);
}

/** When each count of requests leaves a window. */
export function pastLeaving(past: PastRequests, keptMs: number): { atMs: number; count: number }[] {
  return past.map(([bucket, count]) => ({ atMs: (bucket + 1) * BUCKET_MS + keptMs, count }));
}
