import { UNKNOWN } from "./schema/unknown";

/** Which key of a rotating key is published, and until when the one before stays valid. Pure. */

/** In milliseconds; the instant since the Unix epoch. */
export interface Time {
  nowMs: number;
  overlapMs: number;
}

/** Keys are numbered; each number is a resource of its own, so no key is ever made in place of another valid one. */
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
  /** Its overlap has ended, for good: a clock that goes back does not bring the key back. */
  isOver?: true;
}

export const NOTHING_PUBLISHED: Publication = { number: -1, order: 0 };

/** A key that exists and is to be published. */
export interface Confirmation extends Time {
  number: number;
  fingerprint: string;
  /** What the other of the two records has. */
  other: Publication;
}

/** A publication as of this run, with nothing new to publish. */
export function keep({ nowMs, overlapMs }: Time, publication: Publication = NOTHING_PUBLISHED): Publication {
  const { previous } = publication;
  if (previous === undefined || previous.isOver) return publication;
  const leftMs = Date.parse(previous.validUntil) - nowMs;
  if (leftMs <= 0) return { ...publication, previous: { ...previous, isOver: true } };
  // The clock went back, or the overlap was shortened.
  if (leftMs > overlapMs)
    return { ...publication, previous: { ...previous, validUntil: isoIn(nowMs, overlapMs) } };
  return publication;
}

/**
 * The publication of a key that exists. The overlap of the one before begins here, not when the rotation was due: a run
 * that fails before its key exists begins none.
 */
export function confirm(confirmation: Confirmation, known: Publication = NOTHING_PUBLISHED): Publication {
  const { number, fingerprint, other, nowMs, overlapMs } = confirmation;
  if (known.number === number) {
    // The preview of an update does not know the fingerprint, which stays.
    return keep(confirmation, fingerprint === UNKNOWN ? known : { ...known, fingerprint });
  }
  // An assumption holds for the rotation that made it; later it is older than anything written.
  const isAssumed = other.order === 0 && other.number >= 0 && other.number === number - 1;
  const last = known.order > other.order && !isAssumed ? known : other;
  return {
    number,
    order: Math.max(known.order, other.order) + 1,
    fingerprint,
    ...(last.number < 0 ? {} : { previous: { number: last.number, validUntil: isoIn(nowMs, overlapMs) } }),
  };
}

/**
 * What a record has that is lost, or that no run has come to: the key before is taken to exist. At worst a needless key
 * lives for an overlap, where otherwise a valid one could go too soon.
 */
export function assumedBefore(generation: number): Publication {
  return { number: generation - 1, order: 0 };
}

/** Whether the key before is still within its overlap. */
export function hasOverlap({ previous }: Publication): boolean {
  return previous !== undefined && !previous.isOver;
}

function isoIn(nowMs: number, ms: number): string {
  return new Date(nowMs + ms).toISOString().replace(".000Z", "Z");
}
