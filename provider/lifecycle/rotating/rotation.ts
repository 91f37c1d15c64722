import { isoOf, type Time } from "./publication";

/** When a rotating key rotates. Pure. */

export interface Schedule extends Time {
  rotateEveryMs: number;
  /** An instant at which a period begins. Absent: the first `up`. */
  anchorMs?: number;
}

/**
 * The plan of a rotating key: which rotation is due. Its record is registered before the keys, so it may be ahead of a key
 * whose creation fails; only the `Publication` shows which key exists. Instants are in ISO 8601, readable in states.
 */
export interface Rotation {
  /** Counts rotations from 0. */
  generation: number;
  /** When the first `up` was. */
  startedAt: string;
  /** When this rotation became due. */
  rotatedAt: string;
}

/** The plan as of an `up`, from the plan of the `up` before. */
export function rotationAt(schedule: Schedule, before?: Rotation): Rotation {
  const { nowMs, rotateEveryMs } = schedule;
  const now = isoOf(nowMs);
  if (before === undefined) return { generation: 0, startedAt: now, rotatedAt: now };
  // A clock that was far ahead made the plan. Without this, nothing would rotate until then.
  if (Date.parse(before.rotatedAt) - nowMs > rotateEveryMs) return { ...before, rotatedAt: now };
  if (nowMs < rotatesAtMs(schedule, before)) return before;
  return { generation: before.generation + 1, startedAt: before.startedAt, rotatedAt: now };
}

/** Since when the rotation after this one has been due, in ISO 8601. */
export function dueSince(schedule: Schedule, rotation: Rotation): string {
  return isoOf(rotatesAtMs(schedule, rotation));
}

/** The instant from which an `up` rotates, in ISO 8601. */
export function rotatesAt(
  schedule: Schedule,
  rotation: Rotation,
  isHeld: boolean,
  validUntil?: string,
): string {
  const overlapEndMs = validUntil === undefined ? 0 : Date.parse(validUntil);
  return isoOf(isHeld ? overlapEndMs : Math.max(rotatesAtMs(schedule, rotation), overlapEndMs));
}

function rotatesAtMs(
  { rotateEveryMs, overlapMs, anchorMs }: Schedule,
  { generation, startedAt, rotatedAt }: Rotation,
): number {
  const originMs = anchorMs ?? Date.parse(startedAt);
  const rotatedAtMs = Date.parse(rotatedAt);
  const period = Math.floor((rotatedAtMs - originMs) / rotateEveryMs);
  const nextPeriodMs = originMs + (period + 1) * rotateEveryMs;
  return generation === 0 ? nextPeriodMs : Math.max(nextPeriodMs, rotatedAtMs + overlapMs);
}
