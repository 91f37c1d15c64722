import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { AccountView } from "./accounts";
import { Refusal } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import { StackAccounts } from "./stackAccounts";

/** The stack that the user names, or else the one that Pulumi has selected in the folder. */
export interface StackChoice {
  stack?: string | undefined;
  dir: string;
}

/**
 * The account that `pulumi up` would use: of the chosen stack, or of the environment alone where there is none.
 *
 * @param open opens the project of the folder, only when it is needed.
 * @throws ConfigurationError when no API key is known; Refusal when the stack's configuration cannot be read.
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

/** @returns undefined where no stack is named or selected, or the folder has no project. */
export async function chosenStack(
  { stack: named, dir }: StackChoice,
  environment: CommandContext["environment"],
  open: () => Promise<PulumiProject>,
): Promise<{ project: PulumiProject; stack: string } | undefined> {
  if (named === undefined && !isInProject(dir)) return undefined;
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

/** Pulumi looks for the project in the folders above, too. */
function isInProject(dir: string): boolean {
  const folder = resolve(dir);
  const files = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];
  if (files.some((file) => existsSync(join(folder, file)))) return true;
  return dirname(folder) !== folder && isInProject(dirname(folder));
}
