import { projectRoot } from "../../lifecycle/creations/backend";
import type { AccountView } from "./accounts";
import { Refusal } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import { StackAccounts } from "./stackAccounts";

/** The stack that the user names, or else the selected stack. */
export interface StackChoice {
  stack?: string | undefined;
  dir: string;
}

/**
 * The account that `pulumi up` would use: the chosen stack's, or the environment's without a stack.
 *
 * @param open opens the folder's project. Called only if needed.
 * @throws ConfigurationError when no API key is known; Refusal if the stack's configuration cannot be read.
 */
export async function accountForCommand(
  choice: StackChoice,
  world: CommandContext,
  open: () => Promise<PulumiProject>,
): Promise<AccountView> {
  const chosen = await chosenStack(choice, world.environment, open);
  if (chosen === undefined) return world.accounts.forSettings(undefined, choice.dir);
  return new StackAccounts({ world, ...chosen }).forResource(undefined);
}

/** @returns undefined if no stack is named or selected, or the folder has no project. */
export async function chosenStack(
  { stack: named, dir }: StackChoice,
  environment: CommandContext["environment"],
  open: () => Promise<PulumiProject>,
): Promise<{ project: PulumiProject; stack: string } | undefined> {
  if (named === undefined && projectRoot(dir) === undefined) return undefined;
  const project = await open();
  const stack = named ?? (await selectedStack(project, environment));
  return stack === undefined ? undefined : { project, stack };
}

async function selectedStack(
  project: PulumiProject,
  { PULUMI_STACK: named }: CommandContext["environment"],
): Promise<string | undefined> {
  if (named?.trim() === "") {
    throw new Refusal({
      why: "The environment variable PULUMI_STACK is empty, so no stack is selected.",
      nextStep: "Set it to a stack, or unset it.",
    });
  }
  return named ?? (await project.stacks()).find(({ current }) => current)?.name;
}
