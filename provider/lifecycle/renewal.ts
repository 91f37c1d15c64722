import { formatDuration, parseDurationMs } from "../util/duration";
import { instantOf, NEVER, unixSOf } from "./schema/instants";
import { containsUnknown, UNKNOWN } from "./schema/inputs";

type Properties = Readonly<Record<string, unknown>>;

/** When a key with `expiresIn` expires, and whether that is a renewal. */
export interface Renewal {
  /** An instant, or the engine's placeholder for an unknown value. */
  expiresAt: string;
  /** Set when the key is renewed: how, and why, for people. */
  renewed?: { how: "extend" | "rotate"; why: string };
}

/**
 * Resolves `expiresIn` into an instant. Counts from the first `up` that has it, keeps the instant from `up` to `up`, moves it
 * when `expiresIn` changes, and renews it when the expiry is within `renewBefore`. Pure.
 *
 * @returns undefined when the key has no `expiresIn`.
 */
export function renewalOf(olds: Properties, inputs: Properties, nowMs: number): Renewal | undefined {
  const { expiresIn, renewBefore, renew } = inputs;
  if (expiresIn === undefined) return undefined;
  if (containsUnknown(expiresIn)) return { expiresAt: UNKNOWN };
  const lifeMs = durationMs(expiresIn) ?? 0;
  const fresh = instantOf((nowMs + lifeMs) / 1_000) ?? NEVER;
  const oldMs = millisecondsOf(olds["expiresAt"]);
  const oldLifeMs = durationMs(olds["expiresIn"]);
  if (oldMs === undefined || oldLifeMs === undefined) return { expiresAt: fresh };

  const keptMs = oldLifeMs === lifeMs ? oldMs : oldMs - oldLifeMs + lifeMs;
  const kept = instantOf(keptMs / 1_000) ?? fresh;
  const beforeMs = durationMs(renewBefore);
  const isDue = beforeMs !== undefined && keptMs - nowMs <= beforeMs;
  if (!isDue)
    return { expiresAt: keptMs === oldMs ? String(olds["expiresAt"]) : keptMs > nowMs ? kept : fresh };
  const how = renew === "rotate" ? "rotate" : "extend";
  return { expiresAt: fresh, renewed: { how, why: whyRenewed(kept, keptMs - nowMs, renewBefore as string) } };
}

/** What is wrong with the three inputs together; each alone is checked already. */
export function renewalConflict(written: Properties): { property: string; reason: string } | undefined {
  const { expiresAt, expiresIn, renewBefore } = written;
  if (expiresIn !== undefined && expiresAt !== undefined) {
    return { property: "expiresIn", reason: "expiresIn and expiresAt exclude each other; write one of them" };
  }
  if (renewBefore === undefined || containsUnknown([expiresIn, renewBefore])) return undefined;
  if (expiresIn === undefined) {
    return { property: "renewBefore", reason: "renewBefore needs expiresIn, the time for which to renew" };
  }
  const [beforeMs, lifeMs] = [durationMs(renewBefore), durationMs(expiresIn)];
  if (beforeMs === undefined || lifeMs === undefined || beforeMs < lifeMs) return undefined;
  return { property: "renewBefore", reason: "renewBefore must be shorter than expiresIn" };
}

function durationMs(value: unknown): number | undefined {
  return typeof value === "string" ? parseDurationMs(value) : undefined;
}

function millisecondsOf(instant: unknown): number | undefined {
  return typeof instant === "string" &&
    instant !== NEVER &&
    instant !== UNKNOWN &&
    !Number.isNaN(Date.parse(instant))
    ? unixSOf(instant) * 1_000
    : undefined;
}

function whyRenewed(expiresAt: string, leftMs: number, renewBefore: string): string {
  return leftMs <= 0
    ? `it has expired (${expiresAt})`
    : `it expires in ${formatDuration(leftMs)} (${expiresAt}), within renewBefore ${renewBefore}`;
}
