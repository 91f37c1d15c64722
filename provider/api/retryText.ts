/** Words that ask for a wait. Other durations in a message may be, for example, the limit's window. */
const ASKS = String.raw`\b(?:try(?:ing)? again|retry(?:ing)?(?:[- ]?after)?|wait(?:ing)?|come back|available(?: again)?|cool-?down(?: period)?)`;

/** Words between that and the duration. */
const BETWEEN = String.raw`(?:[\s:=]+(?:in|after|for|of|is|ends|at least|about|approximately|another|please)\b)*[\s:=]+`;

const COUNT = String.raw`(?:\d{1,9}(?:\.\d{1,3})?\s*-?|(?:an?|one)\s+)`;
const UNIT =
  "(?:ms|msecs?|millis(?:econds?)?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![A-Za-z])";
const PART = COUNT + UNIT;

const REQUEST = new RegExp(String.raw`${ASKS}${BETWEEN}(${PART}(?:(?:\s*,|\s+and\b)*\s*${PART})*)`, "gi");

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A longer message is cut. */
const MAX_LENGTH = 2_000;

/**
 * How long a message asks to wait, such as "Try again in 1 minute and 30 seconds."
 *
 * @returns the longest of several. Undefined: the message does not ask for a clear time.
 */
export function retryTextMs(message: string): number | undefined {
  const delays = [...message.slice(0, MAX_LENGTH).matchAll(REQUEST)].map(([, text = ""]) => durationMs(text));
  return delays.length === 0 ? undefined : Math.max(...delays);
}

function durationMs(text: string): number {
  const parts = text.toLowerCase().matchAll(/(\d+(?:\.\d+)?|\b(?:an?|one)\b)\s*-?([a-z]+)/g);
  return [...parts].reduce((sum, [, count = "", unit = ""]) => {
    const unitMs = /^m(?:s|illi)/.test(unit) ? 1 : UNIT_MS[unit.charAt(0)]!;
    return sum + (/^\d/.test(count) ? Number(count) : 1) * unitMs;
  }, 0);
}
