import type { Clock } from "../../util/clock";
import { formatDuration } from "../../util/duration";
import { MaxWaitError } from "../errors";
import { MAX_WAIT, type WaitLimit } from "../retry";
import type { RateLimit } from "./windowState";

/** Why no request may go out now, and until when. */
export interface Blocked {
  /** Undefined: unknown. */
  untilMs: number | undefined;
  rate: RateLimit | undefined;
  /** Whether a cooldown is the reason. */
  cooldown: boolean;
}

/** Time between two lines, and the longest time without one while requests wait. */
export const PROGRESS_MS = 10_000;

/** Waits shorter than this are not reported. */
const MOMENT_MS = 1_000;

/** Reports in one line at most every 10 seconds which requests wait, and why. */
export class Progress {
  readonly #clock: Clock;
  readonly #report: ((line: string) => void) | undefined;
  /** The number of waiting requests, by the name of their endpoint. */
  readonly #waiting = new Map<string, number>();
  #nextMs = 0;

  constructor(clock: Clock, report: ((line: string) => void) | undefined) {
    this.#clock = clock;
    this.#report = report;
  }

  /** When the next line is due. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Counts a request that starts to wait. */
  add(what: string): void {
    this.#waiting.set(what, (this.#waiting.get(what) ?? 0) + 1);
  }

  /** Counts a request that no longer waits. */
  remove(what: string): void {
    const count = (this.#waiting.get(what) ?? 0) - 1;
    if (count > 0) this.#waiting.set(what, count);
    else this.#waiting.delete(what);
  }

  /** Defers the first line when requests start to wait. */
  begin(): void {
    this.#nextMs = Math.max(this.#nextMs, this.#clock.nowMs() + MOMENT_MS);
  }

  /** Reports the waiting requests, unless the last line is too recent. */
  show(blocked: Blocked): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PROGRESS_MS;
    this.#report?.(`Electron Hub: ${this.#whatWaits()} until ${reasonOf(blocked, nowMs)}.`);
  }

  #whatWaits(): string {
    const total = [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
    const kinds = [...this.#waiting].map(([what, count]) => `${count} ${what}`).join(", ");
    return `${total} request${total === 1 ? " waits" : "s wait"} (${kinds})`;
  }
}

/** The error of a request whose deadline is before the next free request. */
export function maxWaitError(
  blocked: Blocked,
  nowMs: number,
  { sent, left, limit = MAX_WAIT }: { sent: number; left: number; limit?: WaitLimit | undefined },
): MaxWaitError {
  const reason = reasonOf(blocked, nowMs);
  return new MaxWaitError({
    why: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}, and waiting for it would exceed ${limit.name}. Requests to the account in this run: ${sent} sent, ${left} left.`,
    nextStep: `Run the command again later; it continues where it stopped. Or raise ${limit.where}.`,
  });
}

/** The event that ends the waiting, as a clause: `the account's rate limit has room at …`. */
function reasonOf({ untilMs, rate, cooldown }: Blocked, nowMs: number): string {
  const figures =
    rate === undefined
      ? ""
      : ` (${rate.limit} ${rate.limit === 1 ? "request" : "requests"} per ${formatDuration(rate.windowMs)})`;
  const event = cooldown
    ? "the account's cooldown after a refusal ends"
    : `the account's rate limit${figures} has room`;
  if (untilMs === undefined) return event;
  return `${event} at ${new Date(untilMs).toISOString().slice(11, 19)} UTC, in ${formatDuration(untilMs - nowMs)}`;
}
