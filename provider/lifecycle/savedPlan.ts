/**
 * A plan of `pulumi preview --save-plan` holds the inputs that `check` returned, and `up --plan` accepts any value only where
 * the plan has the engine's placeholder. So in a preview `check` returns the placeholder for each value that `up` generates.
 * Pure.
 */

import { UNKNOWN } from "./schema/unknown";

/** A value that `up` generates: in a preview the placeholder, unless it was known before. */
export function generated<T>(value: T, known: readonly unknown[], isPreview: boolean): T | typeof UNKNOWN {
  return isPreview && !known.includes(value) ? UNKNOWN : value;
}

/** The reason for a change that has become due, for the user. Only an `up` can have an earlier plan. */
export function dueNote(reason: string, isPreview: boolean): string {
  return isPreview ? reason : `${reason} ${PLAN_HINT}`;
}

const PLAN_HINT = "A plan saved before that no longer fits: run `pulumi preview --save-plan` again.";
