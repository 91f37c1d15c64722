import { Ownership } from "../cleanup/ownership";
import { reportedBackendId } from "../../lifecycle/backend";
import { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import type { StackContext } from "./stackContext";

/** What commands that work on stacks have in common. */
export interface StackCommandOptions {
  dir: string;
  settle: number;
  breakLocksOlderThan?: number;
}

/** A project, and what is needed to work on its stacks. */
export interface CommandSetup {
  project: PulumiProject;
  projectName: string;
  taskFor: (stack: string) => StackContext;
}

/** @throws Refusal without a Pulumi CLI, a project or a login. */
export async function setUpCommand(
  options: StackCommandOptions,
  world: CommandContext,
): Promise<CommandSetup> {
  const project = await PulumiProject.open(options.dir, world.changes);
  const projectName = await project.name();
  const { url: backendUrl } = await project.backend();
  const backendId = reportedBackendId(backendUrl, world.environment, project.folder, projectName);
  const ownership = new Ownership(project, world);
  return {
    project,
    projectName,
    taskFor(stack) {
      return {
        world,
        project,
        projectName,
        backendUrl,
        ownership,
        backendId,
        stack,
        settleMs: options.settle,
        breakLocksOlderThanMs: options.breakLocksOlderThan,
      };
    },
  };
}
