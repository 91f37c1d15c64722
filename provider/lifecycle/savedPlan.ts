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

/** A reason for a change that the time makes, for the user. Only `up` can have a plan from before. */
export function dueNote(reason: string, isPreview: boolean): string {
  return isPreview ? reason : `${reason} ${PLAN_HINT}`;
}

const PLAN_HINT = "A plan saved before that no longer fits: run `pulumi preview --save-plan` again.";
