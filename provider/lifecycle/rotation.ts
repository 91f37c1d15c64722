/** When a rotating key rotates, and what an `up` remembers for the next one. Pure. */

/** All instants and durations in milliseconds, instants since the Unix epoch. */
export interface Schedule {
  nowMs: number;
  rotateEveryMs: number;
  /** Less than `rotateEveryMs`. */
  overlapMs: number;
  /** An instant at which a period begins. Absent: the first `up`. */
  anchorMs?: number;
}

/** What is remembered from one `up` to the next. Instants in ISO 8601, since people read states. */
export interface Rotation {
  /** Counts rotations from 0, and is the published key's rotation trigger: even ones live in one slot, odd ones in the other. */
  generation: number;
  /** When the first `up` was. */
  startedAt: string;
  /** When the published key was made. */
  rotatedAt: string;
  /** Until when the key published before it is kept; absent when there is none. */
  previousValidUntil?: string;
}

/**
 * The rotation as of an `up`, from what the `up` before remembered.
 *
 * A rotation is due when a period began since the last one, and waits until the key before has had its overlap. So the
 * slot that gets the new key never holds the published one, whenever and however often `up` runs, and two slots are enough.
 * Without a memory that is impossible: the first `up` after an overlap, which has to keep the old key, and the second one,
 * which has to remove it, would see the same clock.
 */
export function rotationAt(schedule: Schedule, before?: Rotation): Rotation {
  const { nowMs, rotateEveryMs, overlapMs } = schedule;
  const now = isoOf(nowMs);
  const previousValidUntil = isoOf(nowMs + overlapMs);
  if (before === undefined) return { generation: 0, startedAt: now, rotatedAt: now };

  const { generation, startedAt, rotatedAt } = before;
  const hasPrevious = before.previousValidUntil !== undefined;
  if (Date.parse(rotatedAt) - nowMs > rotateEveryMs) {
    // Remembered by a clock that ran far ahead; without this nothing would rotate until the real time gets there.
    return { generation, startedAt, rotatedAt: now, ...(hasPrevious ? { previousValidUntil } : {}) };
  }
  if (nowMs < Date.parse(before.previousValidUntil ?? startedAt)) return before;
  if (nowMs >= nextPeriodMs(schedule, before)) {
    return { generation: generation + 1, startedAt, rotatedAt: now, previousValidUntil };
  }
  return { generation, startedAt, rotatedAt };
}

/** The instant from which an `up` rotates, in ISO 8601. */
export function rotatesAt(schedule: Schedule, rotation: Rotation): string {
  const overlapEndMs = Date.parse(rotation.previousValidUntil ?? rotation.startedAt);
  return isoOf(Math.max(nextPeriodMs(schedule, rotation), overlapEndMs));
}

function nextPeriodMs({ rotateEveryMs, anchorMs }: Schedule, { startedAt, rotatedAt }: Rotation): number {
  const originMs = anchorMs ?? Date.parse(startedAt);
  const period = Math.floor((Date.parse(rotatedAt) - originMs) / rotateEveryMs);
  return originMs + (period + 1) * rotateEveryMs;
}

/** An instant in ISO 8601, without a fraction that is zero. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** What the engine has in its hands: the schedule on the way in, the rotation from `check` on. */
interface Properties {
  schedule?: Schedule;
  rotation?: Rotation;
}

/**
 * FROZEN CONTRACT: the names `check`, `diff`, `create`, `read` and `update`, which the handler gives the host.
 *
 * The rotation is decided in `check`, the only verb that runs in a preview as well and is told what was before.
 */
export function check(olds: Properties, news: Required<Properties>): { inputs: Properties } {
  return { inputs: { rotation: rotationAt(news.schedule, olds.rotation) } };
}

export function diff(_id: string, olds: Properties, news: Properties): { changes: boolean } {
  const text = ({ rotation }: Properties) =>
    JSON.stringify([rotation?.generation, rotation?.rotatedAt, rotation?.previousValidUntil]);
  return { changes: text(olds) !== text(news) };
}

export function create({ rotation }: Properties): { id: string; outs: Properties } {
  return { id: "rotation", outs: rotation ? { rotation } : {} };
}

/** There is nothing outside of the state to look at. */
export function read(
  id: string,
  properties: Properties,
): { id: string; props: Properties; inputs: Properties } {
  return { id, props: properties, inputs: properties };
}

export function update(_id: string, _olds: Properties, { rotation }: Properties): { outs: Properties } {
  return { outs: rotation ? { rotation } : {} };
}
