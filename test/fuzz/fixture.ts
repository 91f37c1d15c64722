import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { seededRandom } from "../chaos/random";
import { startSimulator, type Dialect, type SimulatedKey, type Simulator } from "../../provider/testing";
import type { CommandResult } from "../support/command";
import { createEngineProject, type EngineProject, type StateResource } from "../support/engine";
import { languageHost } from "../support/languageServer";
import { Labels } from "./labels";
import { ACCOUNTS, STACKS, type AccountName, type Program, type StackName } from "./model";
import { MAX_WAIT, programOf } from "./program";

/** The type tokens are a contract, so they are literals here. */
const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const ROTATING = "electronhub:index:RotatingProxyKey";

/** A key as it is on an account. */
export interface KeySeen extends SimulatedKey {
  fingerprint: string;
  account: AccountName;
}

/** A key as it is in a stack's state. */
export interface ResourceSeen {
  stack: StackName;
  name: string;
  urn: string;
  fingerprint: string;
  /** It was replaced, and its deletion is pending. */
  isReplaced: boolean;
  /** Its key was removed, and its replacement is pending. */
  isRemoved: boolean;
  isProtected: boolean;
  isRetained: boolean;
  hasFailed: boolean;
  outputs: Readonly<Record<string, unknown>>;
}

/** Accounts and states at one moment. */
export interface Snapshot {
  /** By fingerprint. */
  keys: ReadonlyMap<string, KeySeen>;
  resources: readonly ResourceSeen[];
  /** The published fingerprint of each stack's rotation. */
  published: ReadonlyMap<StackName, string>;
}

type CheckpointResource = StateResource & { retainOnDelete?: boolean; pendingReplacement?: boolean };

/** The engine, a simulated API with two accounts, and two stacks of one project and backend. */
export class Fixture {
  readonly labels = new Labels();
  /** The program that each stack ran last. */
  readonly programs = new Map<StackName, Program>();
  readonly openStacks = new Set<StackName>();

  private constructor(
    readonly simulator: Simulator,
    readonly project: EngineProject,
  ) {}

  /** @param seed decides the API's dialect in unproven points. */
  static async open(seed: number): Promise<Fixture> {
    const simulator = await startSimulator({
      accounts: ACCOUNTS.map((name) => ({ name })),
      dialect: dialectOf(seed),
    });
    const project = await createEngineProject({
      env: {
        ELECTRONHUB_API_KEY: simulator.account("main").apiKey,
        ELECTRONHUB_BASE_URL: simulator.baseUrl,
        ELECTRONHUB_MAX_WAIT: MAX_WAIT,
      },
    });
    await writeFile(join(project.folders.work, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
    const fixture = new Fixture(simulator, project);
    fixture.addForeign("main", "outside");
    fixture.addForeign("main", "legacy");
    fixture.addForeign("team", "outside");
    return fixture;
  }

  /** Adds a key that belongs to no stack to an account. */
  addForeign(account: AccountName, name: string): string {
    const foreign = { name, allocatedAmount: 5, modelWhitelist: ["o3"], limitType: "monthly" } as const;
    const { key } = this.simulator.account(account).addKey(foreign);
    this.labels.give(account === "main" ? name : `${account}/${name}`, key);
    return fingerprintOf(key);
  }

  /** Creates a stack, unless it exists. */
  async openStack(name: StackName): Promise<void> {
    if (this.openStacks.has(name)) return;
    this.openStacks.add(name);
    const { exitCode, output } = await this.project.pulumi(["stack", "init", name]);
    if (exitCode !== 0) throw new Error(`pulumi stack init failed:\n${output}`);
  }

  /**
   * Runs a command with a program, in one process: the Automation API starts several. Runs it again if the SDK did not
   * reach the engine, so that the program did not start.
   */
  async run(args: readonly string[], stack: StackName, program: Program): Promise<CommandResult> {
    await this.openStack(stack);
    const { result, isCutOff } = await this.#runOnce(args, stack, program);
    return isCutOff && result.exitCode !== 0 ? (await this.#runOnce(args, stack, program)).result : result;
  }

  async #runOnce(
    args: readonly string[],
    stack: StackName,
    program: Program,
  ): Promise<{ result: CommandResult; isCutOff: boolean }> {
    const host = await languageHost(
      programOf(program, {
        baseUrl: this.simulator.baseUrl,
        apiKeyOf: (account) => this.simulator.account(account).apiKey,
        keyOf: (label) => this.labels.keyOf(label),
      }),
    );
    try {
      const client = [`--client=${host.address}`, "--exec-kind", "auto.inline"];
      const result = await this.command([...args, "--stack", stack, ...client], stack);
      return { result, isCutOff: host.isCutOff };
    } finally {
      host.close();
    }
  }

  /** Runs a command. Each stack has its own cache, as on a separate machine, so it does not know the other's requests. */
  command(args: readonly string[], stack: StackName): Promise<CommandResult> {
    return this.project.pulumi(args, { env: { XDG_CACHE_HOME: this.#cacheOf(stack) } });
  }

  #cacheOf(stack: StackName): string {
    return join(this.project.folders.cache, stack);
  }

  look(): Snapshot {
    const checkpoints = STACKS.map((stack) => ({ stack, resources: this.#checkpoint(stack) }));
    const resources = checkpoints.flatMap(({ stack, resources: all }) =>
      all.filter(({ type }) => type === PROXY_KEY).map((resource) => resourceSeen(stack, resource)),
    );
    const keys = new Map<string, KeySeen>();
    for (const account of ACCOUNTS) {
      for (const key of this.simulator.account(account).keys()) {
        const fingerprint = fingerprintOf(key.key);
        keys.set(fingerprint, { ...key, fingerprint, account });
        const owner = resources.find((resource) => resource.fingerprint === fingerprint);
        this.labels.note(key.key, owner);
      }
    }
    const published = new Map<StackName, string>();
    for (const { stack, resources: all } of checkpoints) {
      const current = all.find(({ type }) => type === ROTATING)?.outputs?.["currentFingerprint"];
      if (typeof current === "string") published.set(stack, current);
    }
    return { keys, resources, published };
  }

  #checkpoint(stack: StackName): readonly CheckpointResource[] {
    const { folders, name } = this.project;
    const file = join(folders.backend, ".pulumi", "stacks", name, `${stack}.json`);
    if (!existsSync(file)) return [];
    const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as {
      checkpoint: { latest?: { resources?: CheckpointResource[] } };
    };
    return checkpoint.latest?.resources ?? [];
  }

  /** Removes the recorded rate limits, as if the cooldown had passed. */
  forgetLimits(): void {
    for (const stack of STACKS) {
      rmSync(join(this.#cacheOf(stack), "pulumi-electronhub", "rate"), { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await this.project.dispose();
    await this.simulator.close();
  }
}

function resourceSeen(stack: StackName, resource: CheckpointResource): ResourceSeen {
  return {
    stack,
    name: resource.urn.split("::").at(-1) ?? "",
    urn: resource.urn,
    fingerprint: resource.id ?? "",
    isReplaced: resource.delete === true,
    isRemoved: resource.pendingReplacement === true,
    isProtected: resource.protect === true,
    isRetained: resource.retainOnDelete === true,
    hasFailed: (resource.initErrors ?? []).length > 0,
    outputs: resource.outputs ?? {},
  };
}

/** The resource's id is a contract, so it is not imported. */
export function fingerprintOf(key: string): string {
  return `pk-${createHash("sha256").update(key, "utf8").digest("hex").slice(0, 16)}`;
}

/** Half of the seeds have the default dialect. */
function dialectOf(seed: number): Partial<Dialect> {
  const random = seededRandom(seed * 7 + 3);
  if (seed === 0 || random.chance(0.5)) return {};
  return {
    createStatus: random.pick([200, 201]),
    invalidBodyStatus: random.pick([400, 422]),
    errorShape: random.pick(["error", "detail", "detailError"]),
    errorCode: random.pick(["number", "string", "null"]),
    listEnvelope: random.pick([undefined, "keys", "data"]),
    nullWhitelists: random.chance(0.5),
    unknownFields: random.chance(0.5),
    createHonoursLimitType: random.chance(0.3),
    retryAfter: random.pick(["none", "seconds", "date"]),
  };
}
