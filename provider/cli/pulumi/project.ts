import { resolve } from "node:path";
import {
  ConcurrentUpdateError,
  LocalWorkspace,
  Stack,
  StackAlreadyExistsError,
  StackNotFoundError,
  type ConfigMap,
  type EngineEvent,
  type StackSummary,
} from "@pulumi/pulumi/automation";
import type { Clock } from "../../util/clock";
import { Cancellation, type Interruption } from "./cancellation";
import { readCheckpoint, type Checkpoint } from "./checkpoint";
import { asRefusal, olderLayoutError, runnable, runPulumi } from "./command";
import { UNKNOWN_HOLDER, holdersIn, type LockHolder } from "./lock";
import { Refusal } from "../problems";
import { separateGroup } from "./processGroup";
import { cliErrorText } from "./cliErrorText";

export interface DestroyOptions {
  onEvent: (event: EngineEvent) => void;
  interruption: Interruption;
  clock: Clock;
}

/** The stacks of a program's folder, in whatever backend Pulumi is logged in to. */
export class PulumiProject {
  readonly #workspace: LocalWorkspace;
  #backend: Promise<{ user: string; url: string }> | undefined;

  readonly #changes: { count: number };

  private constructor(workspace: LocalWorkspace, changes: { count: number }) {
    this.#workspace = workspace;
    this.#changes = changes;
    // The Automation API selects the stack that it works on, and so would change the one that the person has selected.
    workspace.selectStack = () => Promise.resolve();
    separateGroup(runnable(workspace));
  }

  /**
   * @param folder the folder of the program, where its Pulumi.yaml is.
   * @param changes counts what is changed in the backend.
   * @throws Refusal without a Pulumi CLI that fits.
   */
  static async open(folder: string, changes: { count: number }): Promise<PulumiProject> {
    try {
      const workspace = await LocalWorkspace.create({
        workDir: resolve(folder),
        envVars: { PULUMI_SKIP_UPDATE_CHECK: "true" },
      });
      return new PulumiProject(workspace, changes);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("Invalid workDir")) {
        throw new Refusal({
          why: `There is no folder ${resolve(folder)}.`,
          nextStep: "Name the folder that has the Pulumi.yaml with --dir.",
        });
      }
      throw asRefusal(error);
    }
  }

  /** The program's folder. */
  get folder(): string {
    return this.#workspace.workDir;
  }

  get pulumiVersion(): string {
    return this.#workspace.pulumiVersion;
  }

  /** The project's name, from its Pulumi.yaml. @throws Refusal where there is none. */
  async name(): Promise<string> {
    return (await this.#refusing(this.#workspace.projectSettings())).name;
  }

  backend(): Promise<{ user: string; url: string }> {
    return (this.#backend ??= this.#refusing(this.#workspace.whoAmI()).then(({ user, url = "" }) => ({
      user,
      url,
    })));
  }

  /** The project's stacks, or with `all` every stack of the backend. @throws Refusal without a project or a login. */
  stacks({ all = false } = {}): Promise<StackSummary[]> {
    return this.#list(all ? ["--all"] : []);
  }

  /** The stack that is selected for the user's next commands, whatever PULUMI_STACK selects for this one. */
  async selected(): Promise<string | undefined> {
    const stacks = await this.#list([], { PULUMI_STACK: undefined });
    return stacks.find(({ current }) => current)?.name;
  }

  /**
   * Names stacks in full, since what Pulumi leaves out depends on the user's default organization. A self-managed backend
   * has one organization only, and there the stacks of this project go by their own names.
   */
  async #list(
    args: readonly string[],
    environment?: Readonly<Record<string, string | undefined>>,
  ): Promise<StackSummary[]> {
    const command = ["stack", "ls", "--json", "--fully-qualify-stack-names", ...args];
    const { stdout } = await this.#refusing(runPulumi(this.#workspace, command, environment));
    const stacks = JSON.parse(stdout) as StackSummary[];
    if (isService((await this.backend()).url)) return stacks;
    const bare = stacks.map(({ name }) => name).filter((name) => !name.startsWith("organization/"));
    if (!args.includes("--all") && bare.length > 0) throw olderLayoutError(bare);
    const own = await this.name().then(
      (project) => `organization/${project}/`,
      () => undefined,
    );
    for (const stack of stacks) {
      if (own !== undefined && stack.name.startsWith(own)) stack.name = last(stack.name);
    }
    return stacks;
  }

  /**
   * A stack's state as it was last saved; no lock is taken.
   *
   * @returns undefined when there is no such stack.
   * @throws Refusal when its secrets cannot be read.
   */
  async state(stack: string): Promise<Checkpoint | undefined> {
    try {
      return readCheckpoint((await this.#workspace.exportStack(stack)).deployment);
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw asRefusal(error);
    }
  }

  /** A stack's state with its secrets encrypted, for those who need none or who change it. */
  async encryptedDeployment(stack: string): Promise<{ version: number; deployment: unknown } | undefined> {
    try {
      const { stdout } = await this.#run(["stack", "export", "--stack", stack]);
      return JSON.parse(stdout) as { version: number; deployment: unknown };
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw asRefusal(error);
    }
  }

  /**
   * Clears every interrupted creation of the state: Pulumi's own edit, under the stack's lock. No resource is refreshed, and
   * no provider is called.
   */
  async clearPendingCreates(stack: string): Promise<void> {
    const nothing = ["--preview-only", "--run-program=false", "--exclude", "**"];
    await this.#run(["refresh", "--clear-pending-creates", ...nothing, "--stack", stack]);
    this.#changes.count++;
  }

  /** The stack's configuration, its secrets in clear. Empty where the folder has none. */
  async configEntries(stack: string): Promise<ConfigMap> {
    return this.#refusing(this.#workspace.getAllConfig(stack));
  }

  /** The processes that hold the stack's lock, whether or not they are still alive. Empty: the stack is not locked. */
  async lockHolders(stack: string): Promise<readonly LockHolder[]> {
    // Pulumi's own service keeps no lock that one could read, but says in its list what it is at work on.
    if (isService((await this.backend()).url)) {
      const summary = (await this.stacks()).find(({ name }) => name === stack);
      return summary?.updateInProgress === true ? [UNKNOWN_HOLDER] : [];
    }
    try {
      // A stack cannot be renamed to itself, but to find that out Pulumi takes the stack's lock first, and changes nothing.
      await this.#run(["stack", "rename", last(stack), "--stack", stack]);
    } catch (error) {
      if (error instanceof ConcurrentUpdateError) return holdersIn(error.message);
      if (error instanceof StackAlreadyExistsError || error instanceof StackNotFoundError) return [];
      if (/already exists|same name|conflict/i.test(String(error))) return [];
      throw asRefusal(error);
    }
    return [];
  }

  /** Takes away every lock of the stack, which changes nothing in it. */
  async breakLocks(stack: string): Promise<void> {
    await this.#run(["cancel", "--yes", "--stack", stack]);
  }

  /** Destroys the stack's resources; a failure of one does not stop the others. @throws what the Automation API throws. */
  async destroy(stackName: string, { onEvent, interruption, clock }: DestroyOptions): Promise<void> {
    const stack = await Stack.select(stackName, this.#workspace);
    const cancellation = new Cancellation(interruption, clock);
    try {
      await stack.destroy({
        onEvent: (event) => {
          // From here on it holds the stack.
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

  /** Removes a stack that has no resources, with its history and its configuration. @throws Refusal. */
  async remove(stack: string): Promise<void> {
    try {
      await this.#workspace.removeStack(stack);
      this.#changes.count++;
    } catch (error) {
      if (error instanceof StackNotFoundError) return;
      throw new Refusal({
        why: `Stack ${stack} could not be removed: ${cliErrorText(error)}`,
        nextStep: "Nothing of it is left but the stack itself. Fix this, then run the command again.",
      });
    }
  }

  /** Selects a stack for the person's next commands: Pulumi forgets the selection whenever any stack is removed. */
  async select(stack: string): Promise<void> {
    await this.#run(["stack", "select", "--stack", stack]);
  }

  #run(args: readonly string[]) {
    return runPulumi(this.#workspace, args);
  }

  async #refusing<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw asRefusal(error);
    }
  }
}

/** Whether the engine refused since another process works on the stack. */
export function isLocked(error: unknown): boolean {
  return error instanceof ConcurrentUpdateError;
}

/** Pulumi's own service, in the cloud or on premises. */
function isService(url: string): boolean {
  return /^https?:/.test(url);
}

function last(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}
