import type { StoredSettings } from "../pulumi/checkpoint";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import { Refusal, isRefusal, problemOf } from "../problems";
import type { AccountView, StackSettings } from "./accounts";

/** The accounts of one stack, with the settings that `pulumi up` and `pulumi destroy` use. */
export class StackAccounts {
  readonly #world: CommandContext;
  readonly #project: PulumiProject;
  readonly #stack: string;
  #configured: Promise<StackSettings> | undefined;

  constructor({ world, project, stack }: { world: CommandContext; project: PulumiProject; stack: string }) {
    this.#world = world;
    this.#project = project;
    this.#stack = stack;
  }

  /**
   * The account of the settings that the state has for a resource, or else of the stack's configuration. The environment
   * completes both.
   *
   * @throws ConfigurationError when no API key is known.
   */
  async forResource(stored: StoredSettings): Promise<AccountView> {
    const settings = stored ?? (await (this.#configured ??= this.#readConfiguration()));
    return this.#world.accounts.forSettings(settings, this.#project.folder);
  }

  async #readConfiguration(): Promise<StackSettings> {
    const entries = Object.entries(await configurationOf(this.#project, this.#stack));
    return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
  }
}

/**
 * A stack's configuration. Empty in a folder without one: a stack is often cleaned up from a fresh checkout.
 *
 * @throws Refusal when it cannot be read: the environment's API key must not go to a host that the stack does not mean.
 */
export async function configurationOf(
  project: PulumiProject,
  stack: string,
): ReturnType<PulumiProject["configEntries"]> {
  try {
    return await project.configEntries(stack);
  } catch (error) {
    if (error instanceof Refusal || !isRefusal(error)) throw error;
    throw new Refusal({
      why: `The configuration of stack ${stack} cannot be read. ${problemOf(error).why}`,
      nextStep: "See `pulumi stack ls` for the stacks of the project, and name one of them with --stack.",
    });
  }
}
