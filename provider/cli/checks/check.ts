import { isUserError } from "../../util/userError";
import { problemOf } from "../problems";
import { cliErrorText } from "../pulumi/cliErrorText";
import type { Paragraph } from "../terminal/layout";
import { oneLine } from "../terminal/plainText";

/** The result of one check. With an error, `up` or `destroy` fails. A warning may be intended. */
export interface Check {
  name: string;
  status: "ok" | "warning" | "error" | "skipped";
  what: string;
  /** What to do about a warning or an error. */
  nextStep?: string;
}

export const ok = (name: string, what: string): Check => ({ name, status: "ok", what });

export const skipped = (name: string, reason: string): Check => ({ name, status: "skipped", what: reason });

export function warning(name: string, what: string, nextStep: string): Check {
  return { name, status: "warning", what, nextStep };
}

export function failure(name: string, what: string, nextStep: string): Check {
  return { name, status: "error", what, nextStep };
}

/** @param nextStep for errors without one. */
export function failureOf(name: string, error: unknown, nextStep: string, prefix = ""): Check {
  const problem = isUserError(error) ? problemOf(error) : { why: cliErrorText(error), nextStep };
  return failure(name, `${prefix}${problem.why}`, problem.nextStep);
}

/** A check, with the next step below it. */
export function checkText({ name, status, what, nextStep }: Check): Paragraph {
  const text = [what, nextStep ?? []].flat().map(oneLine).join("\n");
  const tone = status === "skipped" ? undefined : status;
  return { head: `${status.padEnd(9)}${name.padEnd(16)}`, text, tone };
}
