import { confirm, isoOf, keep, type Publication, type Confirmation, type Time } from "./publication";

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

/** The properties of a record. The program passes the first three and an initial `published`. */
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
 * `check` computes the new record: no other verb both runs in a preview and gets the previous record.
 */
export function check(stored: Properties, declared: Properties): { inputs: Properties } {
  const { schedule, time, confirmation } = declared;
  if (schedule !== undefined) return { inputs: { rotation: rotationAt(schedule, stored.rotation) } };
  if (confirmation !== undefined) return { inputs: { published: confirm(confirmation, stored.published) } };
  const [earlier, passed] = [stored.published, declared.published];
  const published = (earlier?.order ?? -1) >= (passed?.order ?? -1) ? earlier : passed;
  if (time === undefined || published === undefined) return { inputs: stored };
  return { inputs: { published: keep(time, published) } };
}

export function diff(_id: string, stored: Properties, declared: Properties): { changes: boolean } {
  return { changes: textOf(stored) !== textOf(declared) };
}

/** The engine does not keep the order of properties. */
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

export function read(
  id: string,
  properties: Properties,
): { id: string; props: Properties; inputs: Properties } {
  return { id, props: properties, inputs: properties };
}

export function update(_id: string, _stored: Properties, declared: Properties): { outs: Properties } {
  return { outs: factsOf(declared) };
}

/** The host cannot carry an undefined value. */
function factsOf({
  rotation,
  published,
}: { [K in "rotation" | "published"]?: Properties[K] | undefined }): Properties {
  return { ...(rotation ? { rotation } : {}), ...(published ? { published } : {}) };
}
