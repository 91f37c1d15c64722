import type { ConfigMap } from "@pulumi/pulumi/automation";
import type { StoredSettings } from "../pulumi/checkpoint";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import { Refusal, isRefusal, problemOf } from "../problems";
import type { AccountView, StackSettings } from "./accounts";

/** The accounts of one stack, with the settings that `pulumi up` and `pulumi destroy` use. */
export class StackAccounts {
  readonly #stack: { world: CommandContext; project: PulumiProject; stack: string };
  #configured: Promise<StackSettings> | undefined;

  constructor(stack: { world: CommandContext; project: PulumiProject; stack: string }) {
    this.#stack = stack;
  }

  /**
   * The account of a resource's settings in the state, or else of the stack's configuration. The environment completes both.
   *
   * @throws ConfigurationError when no API key is known.
   */
  async forResource(stored: StoredSettings): Promise<AccountView> {
    const { world, project, stack } = this.#stack;
    const settings =
      stored ?? (await (this.#configured ??= configurationOf(project, stack).then(settingsIn)));
    return world.accounts.forSettings(settings, (await project.program()).folder);
  }
}

/**
 * A stack's configuration. Empty in a folder without one, as in a fresh checkout.
 *
 * @throws Refusal if it cannot be read: the environment's API key must not be sent to another host than the stack's.
 */
export async function configurationOf(project: PulumiProject, stack: string): Promise<ConfigMap> {
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

export function settingsIn(configuration: ConfigMap): StackSettings {
  return Object.fromEntries(Object.entries(configuration).map(([key, { value }]) => [key, value]));
}
