import { confirm, keep, type Publication, type Confirmation, type Time } from "./publication";

/** When a rotating key rotates. Pure. */

/** All instants and durations in milliseconds, instants since the Unix epoch. */
export interface Schedule extends Time {
  rotateEveryMs: number;
  /** An instant at which a period begins. Absent: the first `up`. */
  anchorMs?: number;
}

/**
 * The plan of a rotating key: which rotation is due. The record of it is registered before the keys, so it runs ahead of
 * a key whose creation fails; what exists is in the `Publication` alone. Instants in ISO 8601, since people read states.
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
  // Planned by a clock that ran far ahead; without this nothing would rotate until the real time gets there.
  if (Date.parse(before.rotatedAt) - nowMs > rotateEveryMs) return { ...before, rotatedAt: now };
  if (nowMs < rotatesAtMs(schedule, before)) return before;
  return { generation: before.generation + 1, startedAt: before.startedAt, rotatedAt: now };
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

/** An instant in ISO 8601, without a fraction that is zero. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** The properties of a record: of the plan, or of a publication. The first three are what the program passes, and a first `published`. */
interface Properties {
  schedule?: Schedule;
  time?: Time;
  confirmation?: Confirmation;
  rotation?: Rotation;
  published?: Publication;
}

/**
 * FROZEN CONTRACT: the names `check`, `diff`, `create`, `read` and `update`, which the handler gives the host.
 *
 * `check` decides: it alone runs in a preview as well and gets what was before.
 */
export function check(olds: Properties, news: Properties): { inputs: Properties } {
  const { schedule, time, confirmation } = news;
  if (schedule !== undefined) return { inputs: { rotation: rotationAt(schedule, olds.rotation) } };
  if (confirmation !== undefined) return { inputs: { published: confirm(confirmation, olds.published) } };
  const [earlier, passed] = [olds.published, news.published];
  const published = (earlier?.order ?? -1) >= (passed?.order ?? -1) ? earlier : passed;
  if (time === undefined || published === undefined) return { inputs: olds };
  return { inputs: { published: keep(time, published) } };
}

export function diff(_id: string, olds: Properties, news: Properties): { changes: boolean } {
  return { changes: textOf(olds) !== textOf(news) };
}

/** The engine keeps no order of properties. */
function textOf({ rotation, published }: Properties): string {
  const previous = published?.previous;
  return JSON.stringify([
    [rotation?.generation, rotation?.rotatedAt],
    [published?.number, published?.order, published?.fingerprint],
    [previous?.number, previous?.validUntil, previous?.isOver],
  ]);
}

export function create({ rotation, published }: Properties): { id: string; outs: Properties } {
  return { id: "rotation", outs: factsOf({ rotation, published }) };
}

/** There is nothing outside of the state to look at. */
export function read(
  id: string,
  properties: Properties,
): { id: string; props: Properties; inputs: Properties } {
  return { id, props: properties, inputs: properties };
}

export function update(_id: string, _olds: Properties, news: Properties): { outs: Properties } {
  return { outs: factsOf(news) };
}

/** The host cannot carry an undefined value. */
function factsOf({
  rotation,
  published,
}: { [K in "rotation" | "published"]?: Properties[K] | undefined }): Properties {
  return { ...(rotation ? { rotation } : {}), ...(published ? { published } : {}) };
}
