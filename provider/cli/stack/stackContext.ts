import type { Ownership } from "../cleanup/ownership";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";

/** One stack that a command works on. */
export interface StackContext {
  world: CommandContext;
  project: PulumiProject;
  projectName: string;
  backendUrl: string;
  /** Which keys the stacks of the backend have; the same for all tasks of a command. */
  ownership: Ownership;
  /** As the notes of creations name the backend; undefined when it is not known for certain. */
  backendId: string | undefined;
  /** As Pulumi's list names it. */
  stack: string;
  /** Milliseconds after a crash within which a request that was on its way may still take effect. */
  settleMs: number;
  /** Milliseconds: the user says that no run lasts as long, so that older locks are broken. Undefined: none is. */
  breakLocksOlderThanMs: number | undefined;
}

/** The last part of a stack's name, which Pulumi qualifies with the organization and the project. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}
