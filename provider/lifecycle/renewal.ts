import { formatDuration, parseDurationMs } from "../util/duration";
import { instantOf, NEVER, unixSOf } from "./schema/instants";
import { containsUnknown, internalInputsOf, UNKNOWN, type InputName, type Properties } from "./schema/inputs";
import type { Stored } from "./schema/state";

interface Renewal {
  how: "extend" | "rotate";
  /** For the user. */
  why: string;
}

/** When a key expires, as far as `expiresIn` decides it. */
interface Expiry {
  /** An instant, or the engine's placeholder for an unknown value. Absent: `expiresIn` decides nothing. */
  expiresAt?: string;
  /** How and why the key is renewed, for the user. */
  renewal?: Renewal;
  /** Which declared input has no effect, and why, for the user. */
  without?: string;
}

interface Circumstances {
  nowMs: number;
  /** A preview cannot know an expiry that `up` counts from its own clock. */
  isPreview: boolean;
  /** Whether an input is given, and has the value that it has in the state. */
  isKept: (name: InputName) => boolean;
}

/** Resolves `expiresIn` beside the other inputs of the expiry. One that is kept never changes the key. Pure. */
export function expiryOf(stored: Stored, declared: Properties, circumstances: Circumstances): Expiry {
  const { isKept } = circumstances;
  const { expiresIn, renewBefore } = declared;
  if (expiresIn === undefined) {
    return renewBefore === undefined ? {} : { without: "renewBefore has no effect without expiresIn" };
  }
  if (isKept("expiresAt")) {
    return isKept("expiresIn")
      ? {}
      : { without: "expiresAt is declared and unchanged, so expiresIn has no effect" };
  }
  const expiry = countedExpiry(stored, declared, circumstances);
  return declared["expiresAt"] === NEVER || expiry.renewal !== undefined
    ? expiry
    : { ...expiry, without: "expiresIn is declared and unchanged, so expiresAt has no effect" };
}

/**
 * Resolves `expiresIn` to an instant: counted from the first `up` that has it, then kept, moved when `expiresIn` changes,
 * and renewed when it is within `renewBefore`.
 */
function countedExpiry(stored: Stored, declared: Properties, { nowMs, isPreview }: Circumstances): Expiry {
  const { expiresIn, renewBefore, renew } = declared;
  if (containsUnknown(expiresIn)) return { expiresAt: UNKNOWN };
  const lifeMs = durationMs(expiresIn) ?? 0;
  const fresh = isPreview ? UNKNOWN : (instantOf((nowMs + lifeMs) / 1_000) ?? NEVER);
  const oldMs = msOf(stored.expiresAt);
  const oldLifeMs = durationMs(stored.expiresIn);
  if (oldMs === undefined || oldLifeMs === undefined) return { expiresAt: fresh };

  const keptMs = oldLifeMs === lifeMs ? oldMs : oldMs - oldLifeMs + lifeMs;
  const kept = instantOf(keptMs / 1_000) ?? NEVER;
  const beforeMs = durationMs(renewBefore);
  const isDue = beforeMs !== undefined && keptMs - nowMs <= beforeMs;
  if (!isDue)
    return { expiresAt: keptMs === oldMs ? String(stored.expiresAt) : keptMs > nowMs ? kept : fresh };
  const how = renew === "rotate" ? "rotate" : "extend";
  return { expiresAt: fresh, renewal: { how, why: whyRenewed(kept, keptMs - nowMs, renewBefore as string) } };
}

/** Why a key is renewed, and what that does, for the user. */
export function renewalNote(name: unknown, { how, why }: Renewal): string {
  const effect = how === "rotate" ? "a new key replaces it" : "its expiry is extended";
  return `Proxy key ${JSON.stringify(name)}: ${why}, so ${effect}.`;
}

/** The expiry of a state, without a change outside Pulumi that a refresh has found. */
export function expiryBeforeMove({ expiresAt, __movedExpiry: moved }: Stored): string | undefined {
  // If they differ, an update has set another expiry since then.
  return moved !== undefined && moved.to === expiresAt ? moved.from : expiresAt;
}

/**
 * Why the three inputs do not fit together. Never because of a value that is kept and that the program does not give: the
 * option `ignoreChanges` puts values of the state in place of the program's, and the program cannot leave them out.
 */
export function renewalConflict(
  declared: Properties,
  isKept: (name: InputName) => boolean,
): { property: string; reason: string } | undefined {
  const { expiresAt, expiresIn, renewBefore } = declared;
  const { __expiry: given = [] } = internalInputsOf(declared);
  const isRefusable = (name: InputName) => given.includes(name) || !isKept(name);
  if (expiresIn != null && expiresAt != null && isRefusable("expiresIn") && isRefusable("expiresAt")) {
    return { property: "expiresIn", reason: "expiresIn and expiresAt exclude each other; write one of them" };
  }
  if (renewBefore == null || containsUnknown([expiresIn, renewBefore])) return undefined;
  if (expiresIn == null) {
    return isRefusable("renewBefore")
      ? { property: "renewBefore", reason: "renewBefore needs expiresIn, the time for which to renew" }
      : undefined;
  }
  const [beforeMs, lifeMs] = [durationMs(renewBefore), durationMs(expiresIn)];
  if (beforeMs === undefined || lifeMs === undefined || beforeMs < lifeMs) return undefined;
  if (isKept("renewBefore") && isKept("expiresIn")) return undefined;
  const reason = `renewBefore (${text(renewBefore)}) must be shorter than expiresIn (${text(expiresIn)})`;
  return { property: "renewBefore", reason };
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

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
