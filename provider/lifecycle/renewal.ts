import { formatDuration, parseDurationMs } from "../util/duration";
import { instantOf, NEVER, unixSOf } from "./schema/instants";
import { containsUnknown, UNKNOWN, type Properties } from "./schema/inputs";
import type { Stored } from "./schema/state";

/** When a key with `expiresIn` expires, and whether that is a renewal. */
export interface Renewal {
  /** An instant, or the engine's placeholder for an unknown value. */
  expiresAt: string;
  /** Set when the key is renewed: how, and why, for the user. */
  renewed?: { how: "extend" | "rotate"; why: string };
}

/**
 * Resolves `expiresIn` to an instant: counted from the first `up` that has it, then kept, moved when `expiresIn` changes,
 * and renewed when it is within `renewBefore`. Pure.
 *
 * @returns undefined when the key has no `expiresIn`.
 */
export function renewalOf(stored: Stored, declared: Properties, nowMs: number): Renewal | undefined {
  const { expiresIn, renewBefore, renew } = declared;
  if (expiresIn === undefined) return undefined;
  if (containsUnknown(expiresIn)) return { expiresAt: UNKNOWN };
  const lifeMs = durationMs(expiresIn) ?? 0;
  const fresh = instantOf((nowMs + lifeMs) / 1_000) ?? NEVER;
  const oldMs = msOf(stored.expiresAt);
  const oldLifeMs = durationMs(stored.expiresIn);
  if (oldMs === undefined || oldLifeMs === undefined) return { expiresAt: fresh };

  const keptMs = oldLifeMs === lifeMs ? oldMs : oldMs - oldLifeMs + lifeMs;
  const kept = instantOf(keptMs / 1_000) ?? fresh;
  const beforeMs = durationMs(renewBefore);
  const isDue = beforeMs !== undefined && keptMs - nowMs <= beforeMs;
  if (!isDue)
    return { expiresAt: keptMs === oldMs ? String(stored.expiresAt) : keptMs > nowMs ? kept : fresh };
  const how = renew === "rotate" ? "rotate" : "extend";
  return { expiresAt: fresh, renewed: { how, why: whyRenewed(kept, keptMs - nowMs, renewBefore as string) } };
}

/** Why the three inputs do not fit together. */
export function renewalConflict(declared: Properties): { property: string; reason: string } | undefined {
  const { expiresAt, expiresIn, renewBefore } = declared;
  if (expiresIn != null && expiresAt != null) {
    return { property: "expiresIn", reason: "expiresIn and expiresAt exclude each other; write one of them" };
  }
  if (renewBefore == null || containsUnknown([expiresIn, renewBefore])) return undefined;
  if (expiresIn == null) {
    return { property: "renewBefore", reason: "renewBefore needs expiresIn, the time for which to renew" };
  }
  const [beforeMs, lifeMs] = [durationMs(renewBefore), durationMs(expiresIn)];
  if (beforeMs === undefined || lifeMs === undefined || beforeMs < lifeMs) return undefined;
  return { property: "renewBefore", reason: "renewBefore must be shorter than expiresIn" };
}

function durationMs(value: unknown): number | undefined {
  return typeof value === "string" ? parseDurationMs(value) : undefined;
}

/** Undefined for "never", and for a malformed instant. */
function msOf(instant: string | undefined): number | undefined {
  const ms = unixSOf(instant ?? NEVER) * 1_000;
  return Number.isNaN(ms) ? undefined : ms;
}

function whyRenewed(expiresAt: string, leftMs: number, renewBefore: string): string {
  return leftMs <= 0
    ? `it has expired (${expiresAt})`
    : `it expires in ${formatDuration(leftMs)} (${expiresAt}), within renewBefore ${renewBefore}`;
}
