import { UNKNOWN } from "../schema/unknown";

/** Which key of a rotating key is published, and until when the one before stays valid. Pure. */

export interface Time {
  nowMs: number;
  overlapMs: number;
}

/** Each number is a resource of its own, so that no key replaces another valid one. */
export interface Publication {
  /** The published key; -1 while there is none. */
  number: number;
  /** Counts publications from 1: the higher one is the later. */
  order: number;
  /** Absent while there is no key. */
  fingerprint?: string;
  previous?: Previous;
}

/** The key that was published before. */
export interface Previous {
  number: number;
  /** ISO 8601. */
  validUntil: string;
  /** Its overlap has ended, even if the clock is set back later. */
  isOver?: true;
}

export const NOTHING_PUBLISHED: Publication = { number: -1, order: 0 };

/** A key that exists and is to be published. */
export interface Confirmation extends Time {
  number: number;
  fingerprint: string;
  /** The content of the other record. */
  other: Publication;
}

/** The publication of this run, without a new key. */
export function keep({ nowMs, overlapMs }: Time, publication: Publication = NOTHING_PUBLISHED): Publication {
  const { previous } = publication;
  if (previous === undefined || previous.isOver) return publication;
  const leftMs = Date.parse(previous.validUntil) - nowMs;
  if (leftMs <= 0) return { ...publication, previous: { ...previous, isOver: true } };
  // The clock was set back, or the overlap was shortened.
  if (leftMs > overlapMs)
    return { ...publication, previous: { ...previous, validUntil: isoOf(nowMs + overlapMs) } };
  return publication;
}

/**
 * The publication of a key that exists. The overlap of the previous key begins now, not when the rotation was due: a run
 * that fails earlier begins none.
 */
export function confirm(confirmation: Confirmation, known: Publication = NOTHING_PUBLISHED): Publication {
  const { number, fingerprint, other, nowMs, overlapMs } = confirmation;
  if (known.number === number) {
    // The preview of an update does not know the fingerprint, which does not change.
    return keep(confirmation, fingerprint === UNKNOWN ? known : { ...known, fingerprint });
  }
  // An assumption is only valid for its own rotation. Any written record is newer.
  const isAssumed = other.order === 0 && other.number >= 0 && other.number === number - 1;
  const last = known.order > other.order && !isAssumed ? known : other;
  return {
    number,
    order: Math.max(known.order, other.order) + 1,
    fingerprint,
    ...(last.number < 0 ? {} : { previous: { number: last.number, validUntil: isoOf(nowMs + overlapMs) } }),
  };
}

/**
 * Replaces a record that is lost or not written yet: assumes that the previous key exists. At worst a needless key stays for
 * an overlap; otherwise a valid key could be removed too early.
 */
export function assumedBefore(generation: number): Publication {
  return { number: generation - 1, order: 0 };
}

/** Whether the key before is still within its overlap. */
export function hasOverlap({ previous }: Publication): boolean {
  return previous !== undefined && !previous.isOver;
}

/** An instant in ISO 8601, without a fraction that is zero. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
