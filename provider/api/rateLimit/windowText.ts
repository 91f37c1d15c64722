import { z } from "zod";
import type { WindowState } from "./rateWindow";

/** The text of a window, as it is in a file or on a server. */
export function windowText(state: WindowState): string {
  return JSON.stringify(state);
}

/** @returns undefined for a text that is damaged. */
export function parseWindow(text: string): WindowState | undefined {
  try {
    // `undefined` values do not occur: JSON has none.
    return stateSchema.parse(JSON.parse(text)) as WindowState;
  } catch {
    return undefined;
  }
}

/** In the order in which a process sets them: another order would be a change for others. */
const stateSchema = z.object({
  entries: z.array(
    z.object({
      id: z.string(),
      sentMs: z.number(),
      endedMs: z.number().optional(),
      rateLimited: z.literal(true).optional(),
    }),
  ),
  othersSentMs: z.array(z.number()),
  past: z.array(z.tuple([z.number(), z.number()])).default([]),
  last429Ms: z.number().default(0),
  cooldownUntilMs: z.number(),
  lastReportMs: z.number(),
  cooldowns: z.number().default(0),
  waiting: z.record(z.string(), z.object({ askedMs: z.array(z.number()), seenMs: z.number() })).default({}),
  limit: z.number().positive().optional(),
  limitUntilMs: z.number().optional(),
  idleSinceMs: z.number().optional(),
});
