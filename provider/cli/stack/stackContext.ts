import { Ownership } from "../cleanup/ownership";
import { reportedBackendId } from "../../lifecycle/creations/backend";
import { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";

/** One stack that a command works on. */
export interface StackContext extends ProjectContext {
  /** The name in the list of stacks. */
  stack: string;
}

/** A project whose stacks a command works on. */
export interface ProjectContext {
  world: CommandContext;
  project: PulumiProject;
  projectName: string;
  backendUrl: string;
  /** Shared by all stacks of the command. */
  ownership: Ownership;
  /** The backend's id in the journal of creations. Undefined: not known for certain. */
  backendId: string | undefined;
  /** How long a request of a crashed run may still take effect. */
  settleMs: number;
  /** Locks that are at least this old may be broken. Undefined: none may. */
  breakLocksOlderThanMs: number | undefined;
}

/** Options of the commands that change stacks. */
export interface StackCommandOptions {
  dir: string;
  settle: number;
  breakLocksOlderThan?: number;
}

/** @throws Refusal without a Pulumi CLI, a project or a login. */
export async function openProject(
  { dir, settle, breakLocksOlderThan }: StackCommandOptions,
  world: CommandContext,
): Promise<ProjectContext> {
  const project = await PulumiProject.open(dir, world.changes);
  const projectName = await project.name();
  const { url: backendUrl } = await project.backend();
  return {
    world,
    project,
    projectName,
    backendUrl,
    ownership: new Ownership(project, world),
    backendId: reportedBackendId(backendUrl, world.environment, project.folder, projectName),
    settleMs: settle,
    breakLocksOlderThanMs: breakLocksOlderThan,
  };
}
