import { isUserError, UserError } from "../util/userError";
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
  /** Nothing was done. The message has the next step. */
  refused: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error for users: why, and what to do next. */
export interface Problem {
  why: string;
  nextStep: string;
}

/** The command does not start a change. */
export class Refusal extends UserError {
  override readonly name = "Refusal";
  /** Of the next step, each on a line of its own there, to copy. */
  readonly commands: readonly string[];

  constructor({ why, nextStep, commands = [] }: Problem & { commands?: readonly string[] }) {
    super({ why, nextStep: [nextStep, ...commands].join("\n  ") });
    this.commands = commands;
  }
}

/** The command line is wrong. */
export class UsageError extends Refusal {
  constructor(why: string) {
    super({ why, nextStep: "Add --help for the options and examples." });
  }
}

/**
 * Whether this command, the API or Pulumi explains the error. Before the first change such an error ends the command with exit
 * code 3. Any other error is a defect: exit code 1.
 */
export function isRefusal(error: unknown): boolean {
  return isUserError(error) || isCommandFailure(error);
}

/** Describes any error for users. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return { why: error.why, nextStep: error.nextStep };
  if (isUserError(error)) return { why: quotable(error.why, [], 2_000), nextStep: error.nextStep };
  if (isCommandFailure(error)) return pulumiProblem("Pulumi failed", error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    why: quotable(text, [], 2_000),
    nextStep: "If this looks like a defect of pulumi-electronhub, please report it.",
  };
}

export const FIX_AND_RUN_AGAIN = "Fix this, then run the command again.";

/** @param what failed, such as `pulumi destroy failed`. */
export function pulumiProblem(what: string, error: unknown): Problem {
  return { why: `${what}: ${cliErrorText(error)}`, nextStep: FIX_AND_RUN_AGAIN };
}

/** The command was interrupted by a signal. */
export const INTERRUPTED: Problem = {
  why: "The command was interrupted.",
  nextStep: "Run the command again; it continues where it stopped.",
};
