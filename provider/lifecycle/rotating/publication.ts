/** Which key of a rotating key is published, and until when the one before stays valid. Pure. */

export interface Time {
  nowMs: number;
  overlapMs: number;
}

/**
 * Each number is a resource of its own, so that no key replaces another valid one. Flat: a preview does not know
 * `validUntil`, but has to know the other properties, which decide which keys are declared.
 */
export interface Publication {
  /** The published key; -1 while there is none. */
  number: number;
  /** Counts publications from 1: the higher one is the later. */
  order: number;
  /** The key that was published before; -1 if there was none. */
  previousNumber: number;
  /** The overlap of that key has ended, even if the clock is set back later. */
  isOver: boolean;
  /** The end of that overlap, in ISO 8601. Absent if no key was published before. */
  validUntil?: string;
}

export const NOTHING_PUBLISHED: Publication = { number: -1, order: 0, previousNumber: -1, isOver: false };

/** A key that is to be published. */
export interface Confirmation extends Time {
  number: number;
  /** Known once the key exists, so the record is written after it. Absent if the key was not created, as in a targeted run. */
  fingerprint?: string | undefined;
  /** The content of the other record. */
  other: Pick<Publication, "number" | "order">;
}

/** The publication of this run, without a new key. */
export function keep({ nowMs, overlapMs }: Time, publication: Publication = NOTHING_PUBLISHED): Publication {
  const { validUntil } = publication;
  if (!hasOverlap(publication) || validUntil === undefined) return publication;
  const leftMs = Date.parse(validUntil) - nowMs;
  if (leftMs <= 0) return { ...publication, isOver: true };
  // The clock was set back, or the overlap was shortened.
  return leftMs > overlapMs ? { ...publication, validUntil: isoOf(nowMs + overlapMs) } : publication;
}

/**
 * The publication of a key that exists. The overlap of the previous key begins now, not when the rotation was due: a run
 * that fails earlier begins none.
 */
export function confirm(confirmation: Confirmation, known: Publication = NOTHING_PUBLISHED): Publication {
  const { number, fingerprint, other, nowMs, overlapMs } = confirmation;
  const kept = keep(confirmation, known);
  const isLater = known.order > other.order;
  if (fingerprint === undefined || (isLater && known.number === number)) return kept;
  // An assumption is only valid for its own rotation. Any written record is newer.
  const isAssumed = other.order === 0 && other.number >= 0 && other.number === number - 1;
  const last = isLater && !isAssumed ? kept : other;
  // The record that should have known of this overlap is lost: the new key waits.
  if (last === kept && hasOverlap(kept)) return kept;
  return {
    number,
    order: Math.max(known.order, other.order) + 1,
    previousNumber: last.number,
    isOver: false,
    ...(last.number < 0 ? {} : { validUntil: isoOf(nowMs + overlapMs) }),
  };
}

/**
 * Replaces a record that is lost or not written yet: assumes that the previous key exists. At worst a needless key stays for
 * an overlap; otherwise a valid key could be removed too early.
 */
export function assumedBefore(generation: number): Publication {
  return { ...NOTHING_PUBLISHED, number: generation - 1 };
}

/** Whether the key before is still within its overlap. */
export function hasOverlap({ previousNumber, isOver }: Omit<Publication, "validUntil">): boolean {
  return previousNumber >= 0 && !isOver;
}

/** An instant in ISO 8601, without a fraction that is zero. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
