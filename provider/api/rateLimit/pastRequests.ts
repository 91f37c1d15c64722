/**
 * The requests of the last hour that have left the API's window, for configured limits with longer windows: how many
 * ended in each bucket of 5 s since the epoch, the oldest bucket first. Its size does not grow with their number.
 */
export type PastRequests = [bucket: number, count: number][];

/** The longest window of a configured limit. */
export const LONGEST_WINDOW_MS = 3_600_000;

/** A request counts as ended at the end of its bucket. */
const BUCKET_MS = 5_000;

export function addPast(past: PastRequests, endedMs: number, count = 1): void {
  const bucket = Math.floor(endedMs / BUCKET_MS);
  let at = past.length;
  while (at > 0 && (past[at - 1]?.[0] ?? 0) > bucket) at--;
  const same = past[at - 1];
  if (same?.[0] === bucket) same[1] += count;
  else past.splice(at, 0, [bucket, count]);
}

/** Drops the requests that have left every window. */
export function prunePast(past: PastRequests, nowMs: number, marginMs: number): void {
  const current = Math.floor(nowMs / BUCKET_MS);
  let future = 0;
  // After the clock was set back, a time in the future must not make a request count for longer.
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
