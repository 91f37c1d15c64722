import type { ConfigMap } from "@pulumi/pulumi/automation";
import type { StoredSettings } from "../pulumi/checkpoint";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import { Refusal, isRefusal, problemOf } from "../problems";
import { listKeys, type AccountView, type StackSettings } from "./accounts";

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
 * How far this machine's clock is ahead of that of the API, which is asked unless a response has shown it. 0: it is not, or the
 * API does not answer.
 *
 * @param keys of the stack's state. None: its configuration names the account.
 */
export async function clockAheadMs(
  accounts: StackAccounts,
  keys: readonly { account: StoredSettings }[],
): Promise<number> {
  const asked = new Set<AccountView>();
  let aheadMs = 0;
  for (const { account } of keys.length > 0 ? keys : [{ account: undefined }]) {
    try {
      const view = await accounts.forResource(account);
      if (asked.has(view)) continue;
      asked.add(view);
      const serverAheadMs = view.begin().client.serverAheadMs ?? (await listKeys(view)).serverAheadMs ?? 0;
      aheadMs = Math.max(aheadMs, -serverAheadMs);
    } catch {
      // What needs the account fails later, with the reason.
    }
  }
  return aheadMs;
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
