import { confirm, hasOverlap, keep, type Publication, type Confirmation, type Time } from "./publication";
import { dueSince, rotationAt, type Rotation, type Schedule } from "./rotation";
import { dueNote, generated } from "../savedPlan";

/**
 * The verbs of a rotating key's records, which exist only in the state: its plan, and its two publications. Pure.
 *
 * FROZEN CONTRACT: the names `check`, `diff`, `create`, `read` and `update`, which the handler gives the host.
 */

/** What the program passes. `check` computes the content from it: no other verb both runs in a preview and gets the previous content. */
export interface Declared {
  /** The rotating key's name, for notes. */
  of?: string;
  /** Of the plan. */
  schedule?: Schedule;
  /** Of a publication: a key to publish. */
  confirmation?: Confirmation;
  /** Of a publication: the time, and what to hold if the record holds nothing later. */
  time?: Time;
  atLeast?: Publication;
  __preview?: boolean;
}

/** What a record holds. */
export type Held = Partial<Rotation & Publication>;

/** What it held in earlier states. */
export interface Nested {
  rotation?: Rotation;
  published?: Pick<Publication, "number" | "order"> & {
    previous?: { number: number; validUntil: string; isOver?: true };
  };
}

export function check(stored: Held & Nested, declared: Declared): { inputs: Held; note?: string } {
  const { schedule, time, confirmation, atLeast, of, __preview: isPreview = false } = declared;
  const held = heldIn(stored);
  const noteOf = (reason: string) => dueNote(`RotatingProxyKey ${JSON.stringify(of)}: ${reason}.`, isPreview);
  if (schedule !== undefined) {
    const before = isRotation(held) ? held : undefined;
    const { generation, startedAt, rotatedAt } = rotationAt(schedule, before);
    const inputs: Rotation = {
      generation,
      startedAt: generated(startedAt, [before?.startedAt], isPreview),
      rotatedAt: generated(rotatedAt, [before?.rotatedAt], isPreview),
    };
    if (before === undefined || before.generation === generation) return { inputs };
    return { inputs, note: noteOf(`a rotation is due since ${dueSince(schedule, before)}`) };
  }
  const earlier = isPublication(held) ? held : undefined;
  const published = (earlier?.order ?? -1) >= (atLeast?.order ?? -1) ? earlier : atLeast;
  const inputs =
    confirmation !== undefined
      ? confirm(confirmation, earlier)
      : time !== undefined && published !== undefined
        ? keep(time, published)
        : undefined;
  // All inputs are ignored, as by the option `ignoreChanges`: what was passed is then what was held.
  if (inputs === undefined) return { inputs: held };
  const { validUntil } = inputs;
  const isEnd = inputs.isOver && published !== undefined && hasOverlap(published);
  return {
    inputs: {
      ...inputs,
      ...(validUntil === undefined
        ? {}
        : { validUntil: generated(validUntil, [earlier?.validUntil, atLeast?.validUntil], isPreview) }),
    },
    ...(isEnd
      ? {
          note: noteOf(
            `the overlap of ${of}-${inputs.previousNumber} ended at ${validUntil}, so it is removed`,
          ),
        }
      : {}),
  };
}

export function diff(_id: string, stored: Held & Nested, declared: Held): { changes: boolean } {
  return { changes: isNested(stored) || textOf(stored) !== textOf(declared) };
}

/** The engine does not keep the order of properties. */
function textOf({ generation, rotatedAt, number, order, previousNumber, isOver, validUntil }: Held): string {
  return JSON.stringify([generation, rotatedAt, number, order, previousNumber, isOver, validUntil]);
}

export function create(inputs: Held): { id: string; outs: Held } {
  return { id: "rotation", outs: inputs };
}

export function read(id: string, properties: Held): { id: string; props: Held; inputs: Held } {
  return { id, props: properties, inputs: properties };
}

export function update(_id: string, _stored: Held & Nested, declared: Held): { outs: Held } {
  return { outs: declared };
}

function heldIn(properties: Held & Nested): Held {
  const { rotation, published } = properties;
  if (rotation !== undefined) return rotation;
  if (published === undefined) return properties;
  const { number, order, previous } = published;
  return {
    number,
    order,
    previousNumber: previous?.number ?? -1,
    isOver: previous?.isOver ?? false,
    ...(previous === undefined ? {} : { validUntil: previous.validUntil }),
  };
}

function isNested({ rotation, published }: Nested): boolean {
  return rotation !== undefined || published !== undefined;
}

function isRotation(held: Held): held is Rotation {
  return held.generation !== undefined;
}

function isPublication(held: Held): held is Publication {
  return held.number !== undefined;
}
