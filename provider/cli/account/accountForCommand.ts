import { SETTINGS } from "../../config";
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
  const { project, stack } = chosen;
  if (stack !== undefined) return new StackAccounts({ world, project, stack }).forResource(undefined);
  if (chosen.hasStacks && !world.environment[SETTINGS.apiKey]) {
    throw new Refusal({
      why: "No stack is selected, and the environment has no API key.",
      nextStep: `Name the stack whose settings to use with --stack, select it with \`pulumi stack select\`, or set ${SETTINGS.apiKey}.`,
    });
  }
  return world.accounts.forSettings(undefined, (await project.program()).folder);
}

export interface ChosenStack {
  project: PulumiProject;
  /** Undefined: none is named or selected. */
  stack: string | undefined;
  /** Whether the project has stacks to choose from. */
  hasStacks: boolean;
}

/** @returns undefined if no stack is named, and neither the folder nor a parent has a project. */
export async function chosenStack(
  { stack: named, dir }: StackChoice,
  environment: CommandContext["environment"],
  open: () => Promise<PulumiProject>,
): Promise<ChosenStack | undefined> {
  if (named === undefined && projectRoot(dir) === undefined) return undefined;
  const project = await open();
  if (named !== undefined) return { project, stack: named, hasStacks: true };
  return { project, ...(await selectedStack(project, environment)) };
}

async function selectedStack(
  project: PulumiProject,
  { PULUMI_STACK: named }: CommandContext["environment"],
): Promise<Omit<ChosenStack, "project">> {
  if (named?.trim() === "") {
    throw new Refusal({
      why: "The environment variable PULUMI_STACK is empty, so no stack is selected.",
      nextStep: "Set it to a stack, or unset it.",
    });
  }
  if (named !== undefined) return { stack: named, hasStacks: true };
  const stacks = await project.stacks();
  return { stack: stacks.find(({ current }) => current)?.name, hasStacks: stacks.length > 0 };
}
