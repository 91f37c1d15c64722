import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ProjectSettings } from "@pulumi/pulumi/automation";
import { PLUGIN_PACKAGE } from "../../lifecycle/schema/typeTokens";
import { projectRoot } from "../../lifecycle/creations/backend";

/** The folder of the project's file: this folder, or a parent, as Pulumi looks for it. This folder without a project. */
export function projectFolder(folder: string): string {
  const at = resolve(folder);
  return existsSync(at) ? (projectRoot(at)?.folder ?? at) : at;
}

/** What a project's file says of its program. */
export interface Program {
  /** The folder in which Pulumi runs the program. */
  folder: string;
  /** Such as `nodejs`. */
  runtime: string;
  /** The folder of the provider plugin, if the project's file names one. */
  pluginFolder: string | undefined;
}

/**
 * Reads a project's file.
 *
 * @param project the project's folder.
 * @param settings Pulumi's own type leaves out `plugins`. Undefined: the folder has no file.
 */
export function programOf(project: string, settings: (ProjectSettings & Plugins) | undefined): Program {
  const runtime = settings?.runtime ?? "nodejs";
  const plugin = settings?.plugins?.providers?.find(({ name }) => name === PLUGIN_PACKAGE)?.path;
  return {
    folder: programFolder(project, settings?.main),
    runtime: typeof runtime === "string" ? runtime : runtime.name,
    pluginFolder: plugin === undefined ? undefined : resolve(project, plugin),
  };
}

interface Plugins {
  plugins?: { providers?: readonly { name?: string; path?: string }[] } | null;
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

/** The option with which a command of Pulumi finds the project from the working directory. */
export function cwdOption(folder: string): string[] {
  return folder === process.cwd() ? [] : ["--cwd", folder];
}
