import { existsSync } from "node:fs";
import type { ConfigMap, EngineEvent, StackSummary } from "@pulumi/pulumi/automation";
import { PulumiCommand } from "@pulumi/pulumi/automation/cmd";
import {
  ConcurrentUpdateError,
  StackAlreadyExistsError,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/errors";
import type { Clock } from "../../util/clock";
import { orUndefined } from "../../util/orUndefined";
import { Cancellation, type Interruption } from "./cancellation";
import { programOf, projectFolder, type Program } from "./folders";
import { readProjectFile } from "./projectFile";
import { readCheckpoint, readStackKeys, type Checkpoint, type StackKeys } from "./checkpoint";
import { readDeclarations, type StackDeclarations } from "./declarations";
import { asRefusal, noFolderError, olderLayoutError, withoutOptions } from "./command";
import { UNKNOWN_HOLDER, holdersIn, type LockHolder } from "./lock";
import { Refusal } from "../problems";
import { shortName } from "./names";
import { separateGroup, type CommandOutput, type Runnable } from "./processGroup";
import { cliErrorText } from "./cliErrorText";
import { isService } from "../../lifecycle/creations/backend";

export interface DestroyOptions {
  onEvent: (event: EngineEvent) => void;
  interruption: Interruption;
  clock: Clock;
}

/**
 * The stacks of a project, in the backend that Pulumi is logged in to. Runs commands of the CLI. Loads the rest of Pulumi's SDK,
 * which takes most of a second, for a destroy only.
 */
export class PulumiProject {
  readonly #command: PulumiCommand;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #changes: { count: number };
  #backend: Promise<{ user: string; url: string }> | undefined;

  private constructor(
    /** The folder of the Pulumi.yaml. */
    readonly folder: string,
    command: PulumiCommand,
    changes: { count: number },
  ) {
    this.#command = command;
    this.#environment = { PULUMI_SKIP_UPDATE_CHECK: "true", ...withoutOptions() };
    this.#changes = changes;
    separateGroup(this.#runnable);
  }

  /**
   * @param folder a folder of the project: its Pulumi.yaml may also be in a parent folder.
   * @param changes counts changes in the backend.
   * @throws Refusal without a supported Pulumi CLI.
   */
  static async open(folder: string, changes: { count: number }): Promise<PulumiProject> {
    const root = projectFolder(folder);
    if (!existsSync(root)) throw noFolderError(root);
    return new PulumiProject(root, await refusing(PulumiCommand.get()), changes);
  }

  async program(): Promise<Program> {
    return programOf(
      this.folder,
      orUndefined(() => readProjectFile(this.folder)),
    );
  }

  /** The project's name, from its Pulumi.yaml. @throws Refusal without one. */
  async name(): Promise<string> {
    return readProjectFile(this.folder).name;
  }

  backend(): Promise<{ user: string; url: string }> {
    return (this.#backend ??= refusing(this.#run(["whoami", "--json"])).then(({ stdout }) => {
      const { user, url = "" } = JSON.parse(stdout) as { user: string; url?: string };
      return { user, url };
    }));
  }

  /** Lists the project's stacks, or with `all` every stack of the backend. @throws Refusal without a project or a login. */
  stacks({ all = false } = {}): Promise<StackSummary[]> {
    return this.#list(all ? ["--all"] : []);
  }

  /** The stack that is selected in the folder. Ignores PULUMI_STACK, which selects for this process only. */
  async selected(): Promise<string | undefined> {
    const stacks = await this.#list([], { PULUMI_STACK: undefined });
    return stacks.find(({ current }) => current)?.name;
  }

  /**
   * Names stacks in full, because Pulumi's short names depend on the user's default organization. In a self-managed backend,
   * which has a single organization, the stacks of this project get their short names.
   */
  async #list(
    args: readonly string[],
    environment?: Readonly<Record<string, string | undefined>>,
  ): Promise<StackSummary[]> {
    const command = ["stack", "ls", "--json", "--fully-qualify-stack-names", ...args];
    const { stdout } = await refusing(this.#run(command, environment));
    const stacks = JSON.parse(stdout) as StackSummary[];
    if (isService((await this.backend()).url)) return stacks;
    const bare = stacks.map(({ name }) => name).filter((name) => !name.startsWith("organization/"));
    if (!args.includes("--all") && bare.length > 0) throw olderLayoutError(bare);
    const project = await this.name().catch(() => undefined);
    for (const stack of stacks) {
      if (project !== undefined && stack.name.startsWith(`organization/${project}/`))
        stack.name = shortName(stack.name);
    }
    return stacks;
  }

  /** Reads the last saved state, secrets in clear. Takes no lock. @returns undefined if the stack does not exist. */
  state(stack: string): Promise<Checkpoint | undefined> {
    return this.#exported(stack, readCheckpoint, "--show-secrets");
  }

  /** Reads the keys of a stack. Decrypts the state only if needed. @returns undefined if the stack does not exist. */
  async keysOf(stack: string): Promise<StackKeys | undefined> {
    const keys = await this.#exported(stack, readStackKeys);
    if (keys === undefined || !keys.hasHiddenKeys) return keys;
    const shown = await this.#exported(stack, readStackKeys, "--show-secrets");
    if (shown === undefined) return undefined;
    // The state may have changed between the two exports.
    return {
      ...shown,
      fingerprints: [...keys.fingerprints, ...shown.fingerprints],
      inMaking: [...keys.inMaking, ...shown.inMaking],
      unknownTypes: [...new Set([...keys.unknownTypes, ...shown.unknownTypes])],
    };
  }

  /** Reads where a stack declares keys. Decrypts nothing. @returns undefined if the stack does not exist. */
  declarationsIn(stack: string): Promise<StackDeclarations | undefined> {
    return this.#exported(stack, readDeclarations);
  }

  /** @throws Refusal if the state's secrets cannot be decrypted. */
  async #exported<T>(
    stack: string,
    read: (deployment: unknown) => T,
    ...options: string[]
  ): Promise<T | undefined> {
    try {
      const { stdout } = await this.#run(["stack", "export", ...options, "--stack", stack]);
      return read((JSON.parse(stdout) as { deployment?: unknown }).deployment);
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw asRefusal(error);
    }
  }

  /** Clears all interrupted creations from the state, under the stack's lock. Refreshes no resource and calls no provider. */
  async clearPendingCreates(stack: string): Promise<void> {
    const nothing = ["--preview-only", "--run-program=false", "--exclude", "**"];
    await this.#run(["refresh", "--clear-pending-creates", ...nothing, "--stack", stack]);
    this.#changes.count++;
  }

  /** The stack's configuration, secrets in clear. Empty if the folder has none. */
  async configEntries(stack: string): Promise<ConfigMap> {
    const command = ["config", "--show-secrets", "--json", "--stack", stack];
    return JSON.parse((await refusing(this.#run(command))).stdout) as ConfigMap;
  }

  /** The processes that hold the stack's lock, alive or not. */
  async lockHolders(stack: string): Promise<readonly LockHolder[]> {
    // Pulumi Cloud does not show its locks, but lists updates in progress.
    if (isService((await this.backend()).url)) {
      const summary = (await this.stacks()).find(({ name }) => name === stack);
      return summary?.updateInProgress === true ? [UNKNOWN_HOLDER] : [];
    }
    try {
      // Pulumi takes the stack's lock before it finds that the new name equals the old one, so this changes nothing.
      await this.#run(["stack", "rename", await this.#argument(shortName(stack)), "--stack", stack]);
    } catch (error) {
      if (error instanceof ConcurrentUpdateError) return holdersIn(error.message);
      if (error instanceof StackAlreadyExistsError || error instanceof StackNotFoundError) return [];
      if (/already exists|same name|conflict/i.test(String(error))) return [];
      throw asRefusal(error);
    }
    return [];
  }

  /** A stack's name as an argument: one such as `-f` would be an option. Names in full start with a word. */
  async #argument(name: string): Promise<string> {
    return name.startsWith("-") ? `organization/${await this.name()}/${name}` : name;
  }

  /** Removes every lock of the stack. Changes nothing else. */
  async breakLocks(stack: string): Promise<void> {
    await this.#run(["cancel", "--yes", "--stack", stack]);
  }

  /** Destroys the stack's resources. Continues after a resource fails. @throws errors of the Automation API. */
  async destroy(stackName: string, { onEvent, interruption, clock }: DestroyOptions): Promise<void> {
    const { LocalWorkspace, Stack } = await import("@pulumi/pulumi/automation/index.js");
    const workspace = await LocalWorkspace.create({
      workDir: this.folder,
      envVars: this.#environment,
      pulumiCommand: this.#command,
    });
    // The Automation API selects each stack that it works on. That would change the user's selection.
    workspace.selectStack = () => Promise.resolve();
    const stack = await Stack.select(stackName, workspace);
    const cancellation = new Cancellation(interruption, clock);
    try {
      await stack.destroy({
        onEvent: (event) => {
          // The engine holds the stack's lock from this event on.
          if (event.preludeEvent !== undefined) this.#changes.count++;
          cancellation.take(event);
          onEvent(event);
        },
        continueOnError: true,
        color: "never",
        signal: cancellation.signal,
      });
    } finally {
      cancellation.end();
    }
  }

  /** Removes a stack without resources, its history and its configuration. @throws Refusal. */
  async remove(stack: string): Promise<void> {
    try {
      // As an argument, a name such as `-f` would be an option.
      await this.#run(["stack", "rm", "--yes", "--stack", stack]);
      this.#changes.count++;
    } catch (error) {
      if (error instanceof StackNotFoundError) return;
      throw new Refusal({
        why: `Stack ${stack} could not be removed: ${cliErrorText(error)}`,
        nextStep: "The stack has no resources left. Fix this, then run the command again.",
      });
    }
  }

  /** Selects a stack for the user's next commands: Pulumi forgets the selection whenever a stack is removed. */
  async select(stack: string): Promise<void> {
    await this.#run(["stack", "select", "--stack", stack]);
  }

  /**
   * @param environment added to this process's environment; undefined removes a variable.
   * @throws the Automation API's CommandError.
   */
  #run(
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>> = {},
  ): Promise<CommandOutput> {
    return this.#runnable.run([...args], this.folder, { ...this.#environment, ...environment });
  }

  get #runnable(): Runnable {
    return this.#command as unknown as Runnable;
  }
}

/** Whether the engine refused because another process has locked the stack. */
export function isLocked(error: unknown): boolean {
  return error instanceof ConcurrentUpdateError;
}

async function refusing<T>(call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    throw asRefusal(error);
  });
}
