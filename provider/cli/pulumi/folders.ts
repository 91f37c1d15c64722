import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { projectRoot } from "../../lifecycle/creations/backend";

/** The folder of the project's file: this folder, or a parent, as Pulumi looks for it. This folder without a project. */
export function projectFolder(folder: string): string {
  const at = resolve(folder);
  return existsSync(at) ? (projectRoot(at)?.folder ?? at) : at;
}

/**
 * The folder in which Pulumi runs a program.
 *
 * @param main of the project's file: a folder or a file. Default: the project's folder.
 */
export function programFolder(project: string, main: string | undefined): string {
  const at = resolve(project, main ?? ".");
  const isFolder = statSync(at, { throwIfNoEntry: false })?.isDirectory() ?? !/\.[a-z]+$/.test(at);
  return isFolder ? at : dirname(at);
}
