import type { AccountView } from "./accounts";
import { Refusal } from "./exit";
import type { PulumiProject } from "./pulumi/project";
import type { World } from "./world";

/**
 * The account that a command speaks to: that of the named stack's configuration; without a name that of the environment,
 * or else of the stack that is selected.
 *
 * @param open the project of the folder, opened only where it is needed.
 * @throws ConfigurationError when no API key is known; Refusal when the stack's configuration cannot be read.
 */
export async function accountOf(
  { stack, dir: folder }: { stack?: string; dir: string },
  world: World,
  open: () => Promise<PulumiProject>,
): Promise<AccountView> {
  const { accounts, environment } = world;
  if (stack !== undefined) {
    const config = await (await open()).config(stack);
    if ("electronhub:apiKey" in config || environment["ELECTRONHUB_API_KEY"] === undefined)
      return accounts.of(config, folder);
    throw new Refusal({
      why: `The configuration of stack ${stack} names no API key, and the one of the environment may be another account's.`,
      nextStep: "Leave out --stack to use the environment's, or configure electronhub:apiKey for the stack.",
    });
  }
  if (environment["ELECTRONHUB_API_KEY"]) return accounts.of(undefined, folder);
  return accounts.of(await selectedConfig(open), folder);
}

/** Nothing where there is no project, no stack, or nothing to be read: then the message is about the API key. */
async function selectedConfig(open: () => Promise<PulumiProject>): Promise<Record<string, string>> {
  try {
    const project = await open();
    const selected = (await project.stacks()).find(({ current }) => current);
    return selected === undefined ? {} : await project.config(selected.name);
  } catch {
    return {};
  }
}
