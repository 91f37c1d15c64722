import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ConfigMap } from "@pulumi/pulumi/automation";
import type { AccountView } from "./accounts";
import { Refusal, isRefusal, problemOf } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";

/** What names a stack: an option, or else Pulumi's own selection in the folder. */
export interface StackChoice {
  stack?: string | undefined;
  dir: string;
}

/** A stack's configuration. */
export interface StackConfiguration {
  stack: string;
  entries: ConfigMap;
}

/**
 * The account that a command speaks to, with the settings that `pulumi up` would have: each is the stack's, or else the
 * environment's. Without a stack only the environment counts.
 *
 * @param open the project of the folder, opened only where it is needed.
 * @throws ConfigurationError when no API key is known; Refusal when the stack's configuration cannot be read.
 */
export async function accountForCommand(
  choice: StackChoice,
  { accounts, environment }: CommandContext,
  open: () => Promise<PulumiProject>,
): Promise<AccountView> {
  const { entries = {} } = (await configurationOf(choice, environment, open)) ?? {};
  const settings = Object.entries(entries).map(([key, { value }]) => [key, value] as const);
  return accounts.forSettings(Object.fromEntries(settings), choice.dir);
}

/**
 * The configuration of the named stack, or else of the one that is selected. Undefined: there is no stack.
 *
 * @throws Refusal when it cannot be read: the environment's API key is not sent to a host that the stack may not mean.
 */
export async function configurationOf(
  { stack: wanted, dir }: StackChoice,
  environment: CommandContext["environment"],
  open: () => Promise<PulumiProject>,
): Promise<StackConfiguration | undefined> {
  if (wanted === undefined && !isInProject(dir)) return undefined;
  const project = await open();
  const stack = wanted ?? (await selectedStack(project, environment));
  if (stack === undefined) return undefined;
  try {
    return { stack, entries: await project.configEntries(stack) };
  } catch (error) {
    if (error instanceof Refusal || !isRefusal(error)) throw error;
    throw new Refusal({
      why: `The configuration of stack ${stack} cannot be read. ${problemOf(error).why}`,
      nextStep: "See `pulumi stack ls` for the stacks of the project, and name one of them with --stack.",
    });
  }
}

async function selectedStack(
  project: PulumiProject,
  { PULUMI_STACK: named }: CommandContext["environment"],
): Promise<string | undefined> {
  if (named?.trim() === "") {
    throw new Refusal({
      why: "The environment variable PULUMI_STACK is empty, so that no stack is selected.",
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
