import type { WaitLimit } from "../retry";
import type { RateLimitInfo } from "./windowState";

/** The right to send one request. Call exactly one of the two functions, once. Neither throws or rejects. */
export interface Permit {
  /**
   * The request got a response, or may have reached the server. Await it before the process may end: until then, other
   * machines count the request as in flight.
   *
   * @param info the rate limit by the API's response.
   */
  complete(info?: RateLimitInfo): void | Promise<void>;
  /** The request was never sent. */
  cancel(): void | Promise<void>;
}

export interface AcquireOptions {
  /** What waits, for lines of progress: `remove`, `lookup`, … */
  what: string;
  /** `acquire` rejects after this instant. */
  deadlineMs: number;
  /** What set the deadline, for messages. */
  limit?: WaitLimit | undefined;
  signal?: AbortSignal | undefined;
  /** Goes before the requests with which other processes wait. The rate limit and cooldowns still apply. */
  urgent?: boolean | undefined;
  /** The request was sent already and got HTTP 429: it goes before those that were not sent yet. */
  again?: boolean;
}
