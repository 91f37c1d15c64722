import type { AccountView, StackSettings } from "../account/accounts";
import type { StoredSettings } from "../pulumi/checkpoint";
import type { RestoredState } from "../pulumi/fileBackend";
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
  /** The state is a copy that took the place of a damaged one, so what came after it is not in it. */
  restored: RestoredState | undefined;
  /** Milliseconds after a crash within which a request that was on its way may still take effect. */
  settleMs: number;
  /** Milliseconds: the user says that no run lasts as long, so that older locks are broken. Undefined: none is. */
  breakLocksOlderThanMs: number | undefined;
}

/** The accounts of one stack. */
export class StackAccounts {
  readonly #task: StackContext;
  #config: Promise<StackSettings> | undefined;

  constructor(task: StackContext) {
    this.#task = task;
  }

  /**
   * The account that the state names, or else the one of the stack's configuration and the environment.
   *
   * @throws ConfigurationError when no API key is known.
   */
  async forResource(stored: StoredSettings): Promise<AccountView> {
    const { project, world } = this.#task;
    // The engine's own words about a provider, such as its version, are no settings of ours.
    if (stored !== undefined && "electronhub:apiKey" in stored)
      return world.accounts.forSettings(stored, project.folder);
    const config = stored ?? (await (this.#config ??= this.#readConfig()));
    return world.accounts.forSettings(config, project.folder);
  }

  /** Empty in a folder without the stack's configuration: a stack is often cleaned up from a fresh checkout. */
  #readConfig(): Promise<StackSettings> {
    const { project, stack } = this.#task;
    return project.config(stack);
  }
}

/** The last part of a stack's name, which Pulumi qualifies with the organization and the project. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}
