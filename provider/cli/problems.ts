import { isUserError } from "../util/userError";
import { quotable } from "../util/redact";
import { isCommandFailure, cliErrorText } from "./pulumi/cliErrorText";

/** FROZEN CONTRACT: what the command's exit codes mean; people's pipelines depend on it. */
export const EXIT = {
  /** All of it is done, or a dry run has shown it. */
  done: 0,
  /** Something failed, or is left; what could be done is done. */
  failedInPart: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** Nothing was done, since it must not or cannot be: the message says what to do about it. */
  refused: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What went wrong, for people: why, and what to do next. */
export interface Problem {
  why: string;
  nextStep: string;
}

/** Ends a command before it has done anything. */
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

/** The command line asks for something that makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Whether this command, the API or Pulumi says why it failed. Such a failure is a refusal, exit code 3, as long as nothing
 * was changed. Anything else is a defect, and then it is not known what was begun: exit code 1.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal || isUserError(error) || isCommandFailure(error);
}

/** An error in words, whatever threw it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return { why: error.why, nextStep: error.nextStep };
  if (error instanceof UsageError)
    return { why: error.message, nextStep: "Add --help for the options and examples." };
  if (isUserError(error)) return { why: quotable(error.why, [], 2_000), nextStep: error.nextStep };
  if (isCommandFailure(error)) {
    return {
      why: `Pulumi failed: ${cliErrorText(error)}`,
      nextStep: "Mend that, then run the command again.",
    };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    why: quotable(text, [], 2_000),
    nextStep: "If this looks like a defect of pulumi-electronhub, please report it.",
  };
}
