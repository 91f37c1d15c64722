/** Marks the errors of this package. `instanceof` fails for errors from another copy of it. */
const MARKER = Symbol.for("pulumi-electronhub.UserError");

export interface UserErrorDetails {
  /** Why it failed, a sentence for the user, without secrets and raw bodies. */
  why: string;
  /** What to do next, an imperative sentence for the user. */
  nextStep: string;
  cause?: unknown;
}

/** Base of every error that a user reads: one subclass per meaning. */
export abstract class UserError extends Error {
  abstract override readonly name: string;
  readonly [MARKER] = true;
  readonly why: string;
  readonly nextStep: string;
  /** One line for each attempt, if there was more than one. */
  attempts: readonly string[] = [];

  constructor({ why, nextStep, cause }: UserErrorDetails) {
    super(`${why} ${nextStep}`, cause === undefined ? undefined : { cause });
    this.why = why;
    this.nextStep = nextStep;
  }
}

export function isUserError(error: unknown): error is UserError {
  return typeof error === "object" && error !== null && MARKER in error;
}
