import { z } from "zod";
import type { WindowState } from "./windowState";

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
      isBlind: z.literal(true).optional(),
      pauseMs: z.number().optional(),
      isLongPause: z.literal(true).optional(),
      knownPart: z.number().optional(),
    }),
  ),
  othersSentMs: z.array(z.number()),
  past: z.array(z.tuple([z.number(), z.number()])).default([]),
  last429Ms: z.number().default(0),
  cooldownUntilMs: z.number(),
  lastReportMs: z.number(),
  cooldowns: z.number().default(0),
  looks: z.number().default(0),
  waiting: z.record(z.string(), z.object({ askedMs: z.array(z.number()), seenMs: z.number() })).default({}),
  limit: z.number().positive().optional(),
  limitUntilMs: z.number().optional(),
  idleSinceMs: z.number().optional(),
  looksSinceMs: z.number().optional(),
  // Without them, what this machine has sent and the cooldown still count: another version may have other fields.
  crowd: z
    .object({
      share: z.number(),
      others: z.number(),
      othersMs: z.number(),
      reducedMs: z.number(),
      growMs: z.number().optional(),
      growDelayMs: z.number().optional(),
      emptyMs: z.number().optional(),
    })
    .optional()
    .catch(undefined),
  resumption: z
    .object({
      cooldownUntilMs: z.number(),
      spreadMs: z.number(),
      atMs: z.number(),
      refusals: z.number(),
    })
    .optional()
    .catch(undefined),
});
