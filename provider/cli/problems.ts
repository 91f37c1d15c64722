import { isUserError } from "../util/userError";
import { quotable } from "../util/redact";
import { isCommandFailure, cliErrorText } from "./pulumi/cliErrorText";

/** FROZEN CONTRACT: the exit codes of the command. Pipelines depend on them. */
export const EXIT = {
  /** Everything is done, or shown by a dry run. */
  done: 0,
  /** Something failed or is left. */
  failedInPart: 1,
  /** The command line is wrong. Nothing was done. */
  usage: 2,
  /** Nothing was done. The message says what to do about it. */
  refused: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error for people: why, and what to do next. */
export interface Problem {
  why: string;
  nextStep: string;
}

/** Ends a command before it has changed anything. */
export class Refusal extends Error implements Problem {
  override readonly name = "Refusal";
  readonly why: string;
  readonly nextStep: string;
  constructor({ why, nextStep }: Problem) {
    super(`${why} ${nextStep}`);
    this.why = why;
    this.nextStep = nextStep;
  }
}

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Whether the error is one that this command, the API or Pulumi explains. Without a change it ends the command with exit code
 * 3. Any other error is a defect, with exit code 1.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal || isUserError(error) || isCommandFailure(error);
}

/** Any error, for people. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return { why: error.why, nextStep: error.nextStep };
  if (error instanceof UsageError)
    return { why: error.message, nextStep: "Add --help for the options and examples." };
  if (isUserError(error)) return { why: quotable(error.why, [], 2_000), nextStep: error.nextStep };
  if (isCommandFailure(error)) {
    return {
      why: `Pulumi failed: ${cliErrorText(error)}`,
      nextStep: "Fix this, then run the command again.",
    };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    why: quotable(text, [], 2_000),
    nextStep: "If this looks like a defect of pulumi-electronhub, please report it.",
  };
}
