import { isUserError } from "../../util/userError";
import { Refusal, problemOf, type Problem } from "../problems";
import { cliErrorText } from "../pulumi/cliErrorText";
import { oneLine } from "../terminal/plainText";

/** What one look found. A warning may be as it should be; an error keeps the stack from working. */
export interface Check {
  name: string;
  status: "ok" | "warning" | "error";
  what: string;
  /** What to do about it; absent where all is well. */
  nextStep?: string;
}

export function ok(name: string, what: string): Check {
  return { name, status: "ok", what };
}

export function warning(name: string, what: string, nextStep: string): Check {
  return { name, status: "warning", what, nextStep };
}

export function failure(name: string, what: string, nextStep: string): Check {
  return { name, status: "error", what, nextStep };
}

/** Characters of the longest status and the longest name, with two spaces after them. */
const STATUS_WIDTH = 9;
const NAME_WIDTH = 12;

/** A check as a line for people, with the remedy below it. */
export function checkText({ name, status, what, nextStep }: Check): string {
  const head = `${status.padEnd(STATUS_WIDTH)}${name.padEnd(NAME_WIDTH)}`;
  const lines = (nextStep === undefined ? [what] : [what, nextStep]).map(oneLine);
  return head + lines.join(`\n${" ".repeat(head.length)}`);
}

/** What Pulumi or the client says of a failure. @param nextStep where the error itself names none. */
export function problemIn(error: unknown, nextStep: string): Problem {
  if (error instanceof Refusal || isUserError(error)) return problemOf(error);
  return { why: cliErrorText(error), nextStep };
}
