import { parseDurationMs } from "../../util/duration";
import { LONGEST_WINDOW_MS } from "./pastRequests";
import type { RateLimit } from "./windowState";

/** Reads requests per window, such as `10/60s` or `100/m`. Undefined: it is not a rate. */
export function parseRateLimit(text: string): RateLimit | undefined {
  const [count = "", window = ""] = text.split("/");
  const limit = /^[1-9]\d{0,5}$/.test(count.trim()) ? Number(count) : undefined;
  const windowMs = parseDurationMs(/^\s*[smh]\s*$/.test(window) ? `1${window.trim()}` : window);
  if (limit === undefined || windowMs === undefined || windowMs < 1_000 || windowMs > LONGEST_WINDOW_MS) {
    return undefined;
  }
  return { limit, windowMs };
}

export const HOW_TO_WRITE_A_RATE = "Write requests per window, for example 10/60s.";
