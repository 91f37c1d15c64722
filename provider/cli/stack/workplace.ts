import { Ownership } from "../ownership";
import { FileBackend } from "../pulumi/fileBackend";
import { PulumiProject } from "../pulumi/project";
import type { World } from "../world";
import { shortName, type StackTask } from "./task";

/** What commands that work on stacks have in common. */
export interface StackCommandOptions {
  dir: string;
  settle: number;
  breakLocksOlderThan?: number;
}

/** A project, and what is needed to work on its stacks. */
export interface Workplace {
  project: PulumiProject;
  projectName: string;
  taskFor: (stack: string) => StackTask;
}

/** @throws Refusal without a Pulumi CLI, a project or a login. */
export async function openWorkplace(options: StackCommandOptions, world: World): Promise<Workplace> {
  const project = await PulumiProject.open(options.dir, world.changes);
  const projectName = await project.name();
  const { url: backendUrl } = await project.backend();
  const files = FileBackend.at(backendUrl, project.folder);
  const ownership = new Ownership(project, world);
  return {
    project,
    projectName,
    taskFor(stack) {
      const restored = files?.restoredState(`${projectName}/${shortName(stack)}`);
      return {
        world,
        project,
        projectName,
        backendUrl,
        ownership,
        stack,
        restored,
        settleMs: options.settle,
        breakLocksOlderThanMs: options.breakLocksOlderThan,
      };
    },
  };
}
