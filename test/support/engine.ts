import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

import * as auto from "@pulumi/pulumi/automation";

import {
  parseExportedState,
  type ExportedState,
  type PendingOperation,
  type StateResource,
} from "./checkpoint";
import { startCommand, type CommandResult, type RunningCommand } from "./command";
import {
  automationEnvironment,
  backendUrl,
  engineEnvironment,
  makeProjectFolders,
  stateFile,
  type ProjectFolders,
} from "./engineEnvironment";
import { wrapStack, type EngineStack, type StackConfig } from "./engineStack";
import { endProcesses } from "./processes";
import { findPulumiCli, type PulumiCli } from "./pulumiCli";
import { makeStack } from "./quickStacks";
import { storedOutputs, storedState } from "./storedState";

export { expectFailure } from "./engineStack";
export type { EngineStack, StackConfig } from "./engineStack";
export type { CommandResult, RunningCommand } from "./command";
export type { ExportedState, PendingOperation, StateResource } from "./checkpoint";

type Environment = Readonly<Record<string, string>>;

export interface EngineProjectOptions {
  /** Pulumi's project name. Default: "test". */
  name?: string;
  /** Environment of every command of this project. */
  env?: Environment;
  /** Default: `findPulumiCli()`. */
  cli?: PulumiCli;
  /** The URL of the backend. Default: files in a folder of the project. */
  backendUrl?: string;
}

export interface StackOptions {
  config?: StackConfig;
  /** Environment of this stack's Automation API operations; literal commands take their own. */
  env?: Environment;
  /** Protects its secrets by the passphrase of `engineEnvironment`. Default: false: by the tests' key server, if there is one. */
  hasPassphrase?: boolean;
}

export interface PulumiOptions {
  env?: Environment;
  /** The process gets SIGKILL after this time. Default: no limit. */
  timeoutMs?: number;
}

/** A Pulumi project in a folder of its own, with a state, a home and a temporary folder of its own. */
export interface EngineProject {
  readonly name: string;
  readonly folders: Readonly<ProjectFolders>;
  readonly cli: PulumiCli;
  /** The environment that every literal command gets. */
  readonly env: Environment;
  /** Creates or selects a stack that runs an inline program. */
  stack(name: string, program: auto.PulumiFn, options?: StackOptions): Promise<EngineStack>;
  /** Runs a literal `pulumi` command in the work folder. A failure is an exit code, not an error. */
  pulumi(args: readonly string[], options?: PulumiOptions): Promise<CommandResult>;
  /** Starts a literal `pulumi` command and returns immediately, so that a test can interrupt it. */
  spawn(args: readonly string[], options?: PulumiOptions): RunningCommand;
  /** `pulumi destroy --yes --skip-preview --stack …` */
  destroy(stack: string, args?: readonly string[], options?: PulumiOptions): Promise<CommandResult>;
  /** `pulumi refresh --yes --skip-preview --stack …` */
  refresh(stack: string, args?: readonly string[], options?: PulumiOptions): Promise<CommandResult>;
  /** `pulumi stack export`. With `showSecrets` the text stays out of the transcript. */
  exportState(stack: string, options?: { showSecrets?: boolean }): Promise<ExportedState>;
  /** `pulumi stack import`. @throws if the engine rejects the state. */
  importState(stack: string, state: ExportedState, args?: readonly string[]): Promise<void>;
  /** The resources in the state, of one type or all, including the stack and its providers. */
  resources(stack: string, type?: string): Promise<StateResource[]>;
  pendingOperations(stack: string): Promise<PendingOperation[]>;
  /** Every file below the project's folder: state, history, backups, configuration, logs, temporary files. */
  allFilesText(): Promise<{ path: string; text: string }[]>;
  /** Everything that any command printed, in order of arrival. */
  readonly transcript: string;
  /** Ends all processes, including plugins orphaned by `kill`. Removes the folder unless KEEP_SCRATCH=1. */
  dispose(): Promise<void>;
}

/** Creates a project in the repository's `.scratch`, so that the package resolves by its own name. */
export async function createEngineProject(options: EngineProjectOptions = {}): Promise<EngineProject> {
  const cli = options.cli ?? (await findPulumiCli());
  const folders = await makeProjectFolders();
  const url = options.backendUrl ?? backendUrl(folders);
  return new ScratchProject(options.name ?? "test", folders, cli, url, options.env ?? {});
}

class ScratchProject implements EngineProject {
  readonly env: Environment;
  #transcript = "";
  readonly #commands: RunningCommand[] = [];

  constructor(
    readonly name: string,
    readonly folders: ProjectFolders,
    readonly cli: PulumiCli,
    readonly backendUrl: string,
    extraEnv: Environment,
  ) {
    this.env = engineEnvironment(cli, folders, { PULUMI_BACKEND_URL: backendUrl, ...extraEnv });
  }

  get transcript(): string {
    return this.#transcript;
  }

  async stack(stackName: string, program: auto.PulumiFn, options: StackOptions = {}): Promise<EngineStack> {
    const { LocalWorkspace, Stack } = auto;
    const { config = {}, env, hasPassphrase = false } = options;
    const settings = {
      workDir: this.folders.work,
      pulumiHome: this.folders.home,
      pulumiCommand: this.cli.command,
      envVars: automationEnvironment({ ...this.env, ...env }),
      projectSettings: { name: this.name, runtime: "nodejs", backend: { url: this.backendUrl } },
    };
    const exists = existsSync(this.#stateFile(stackName));
    const isMade =
      !exists &&
      !hasPassphrase &&
      this.#isInFiles &&
      (await makeStack(this.folders, this.name, stackName, config));
    let stack: auto.Stack;
    if (exists || isMade) {
      const workspace = await LocalWorkspace.create({ ...settings, program });
      // Every command names its stack.
      workspace.selectStack = () => Promise.resolve();
      stack = await Stack.select(stackName, workspace);
    } else {
      const args = { stackName, projectName: this.name, program };
      // To create takes one command of the CLI less than `createOrSelectStack`.
      const created = LocalWorkspace.createStack(args, settings);
      stack = await created.catch(() => LocalWorkspace.createOrSelectStack(args, settings));
    }
    if (!isMade && options.config !== undefined) await stack.setAllConfig({ ...config });
    return wrapStack(stack, {
      record: (text) => this.#record(text),
      storedOutputs: () => storedOutputs(this.#stateFile(stackName)),
    });
  }

  spawn(args: readonly string[], options: PulumiOptions = {}): RunningCommand {
    return this.#start(args, options, (text) => this.#record(text));
  }

  pulumi(args: readonly string[], options: PulumiOptions = {}): Promise<CommandResult> {
    return this.spawn(args, options).done;
  }

  destroy(stack: string, args: readonly string[] = [], options: PulumiOptions = {}): Promise<CommandResult> {
    return this.pulumi(["destroy", "--yes", "--skip-preview", "--stack", stack, ...args], options);
  }

  refresh(stack: string, args: readonly string[] = [], options: PulumiOptions = {}): Promise<CommandResult> {
    return this.pulumi(["refresh", "--yes", "--skip-preview", "--stack", stack, ...args], options);
  }

  async exportState(stack: string, { showSecrets = false } = {}): Promise<ExportedState> {
    const stored = await storedState(this.#stateFile(stack), { showSecrets });
    if (stored !== undefined) return stored;
    const args = ["stack", "export", "--stack", stack];
    const running = showSecrets ? this.#start([...args, "--show-secrets"], {}, () => {}) : this.spawn(args);
    return parseExportedState(mustSucceed(await running.done, "stack export").stdout);
  }

  async importState(stack: string, state: ExportedState, args: readonly string[] = []): Promise<void> {
    const file = join(this.folders.temporary, `import-${randomUUID()}.json`);
    await writeFile(file, JSON.stringify(state));
    try {
      const result = await this.pulumi(["stack", "import", "--stack", stack, "--file", file, ...args]);
      mustSucceed(result, "stack import");
    } finally {
      await rm(file, { force: true });
    }
  }

  async resources(stack: string, type?: string): Promise<StateResource[]> {
    const all = (await this.exportState(stack)).deployment.resources ?? [];
    return type === undefined ? all : all.filter((resource) => resource.type === type);
  }

  async pendingOperations(stack: string): Promise<PendingOperation[]> {
    return (await this.exportState(stack)).deployment.pending_operations ?? [];
  }

  async allFilesText(): Promise<{ path: string; text: string }[]> {
    const entries = await readdir(this.folders.root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return Promise.all(
      files.map(async (entry) => {
        const file = join(entry.parentPath, entry.name);
        return { path: relative(this.folders.root, file), text: await readFile(file, "utf8") };
      }),
    );
  }

  async dispose(): Promise<void> {
    for (const command of this.#commands) {
      command.kill("SIGKILL");
      endProcesses(command.orphans);
    }
    await Promise.allSettled(this.#commands.map((command) => command.done));
    if (process.env["KEEP_SCRATCH"] === "1") return;
    // A plugin that is ending may still write to the folder.
    await rm(this.folders.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  get #isInFiles(): boolean {
    return this.backendUrl === backendUrl(this.folders);
  }

  #stateFile(stack: string): string {
    return stateFile(this.folders, this.name, stack);
  }

  #start(args: readonly string[], options: PulumiOptions, onOutput: (text: string) => void): RunningCommand {
    const running = startCommand(this.cli.path, args, {
      cwd: this.folders.work,
      env: { ...this.env, ...options.env },
      onOutput,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    this.#commands.push(running);
    return running;
  }

  #record(text: string): void {
    this.#transcript += text;
  }
}

function mustSucceed(result: CommandResult, what: string): CommandResult {
  if (result.exitCode !== 0) throw new Error(`pulumi ${what} failed:\n${result.output}`);
  return result;
}
