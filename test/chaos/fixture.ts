import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { AccountArgs } from "pulumi-electronhub";
import { startSimulator, type SimulatedAccount, type Simulator } from "../../provider/testing";
import {
  createEngineProject,
  type EngineProject,
  type EngineStack,
  type StackConfig,
} from "../support/engine";
import { REPORTS_MODULES } from "../support/loadedModules";
import { endProcesses, processesIn } from "../support/processes";
import { fillableDisk, soundDisk, vanishingBackend, type Disk } from "./disk";
import { neighbourProgram, programOf, type Phase } from "./programs";
import type { Scenario } from "./scenario";

const ACCOUNTS = ["main", "team"] as const;

/** The engine, the simulated API, and the stacks and keys of one scenario. */
export interface Fixture {
  readonly scenario: Scenario;
  readonly project: EngineProject;
  readonly simulator: Simulator;
  readonly accounts: readonly SimulatedAccount[];
  readonly disk: Disk;
  /** The stack under test. */
  readonly stackName: string;
  /** Another stack of the project. */
  readonly neighbourName: string;
  /** Adds keys that belong to no stack, and creates the other stack. */
  begin(): Promise<void>;
  /** The stack under test with the program of a phase. */
  stack(phase: Phase): Promise<EngineStack>;
  /** The environment of a command that uses the main account without the stack's configuration. */
  readonly accountEnv: Readonly<Record<string, string>>;
  /** Records the keys that exist now. */
  noteSecrets(): void;
  /** All recorded secrets, without their prefix. */
  readonly secrets: ReadonlySet<string>;
  /** The lock files of the stack under test. */
  locks(): string[];
  /** The text of a stack's checkpoint file, or of the file with this suffix. undefined: there is none. */
  checkpoint(stackName: string, suffix?: string): string | undefined;
  /**
   * Empties the checkpoint's attributes file, as an engine that is killed while it saves: the library empties that file
   * first, and fills it right before it renames the checkpoint into place.
   */
  tearCheckpoint(): void;
  /** Ends all processes, and removes the folder unless it is kept. */
  dispose(keepFolder: boolean): Promise<void>;
}

/** Creates the accounts, the project, and the disk with its state. */
export async function createFixture(scenario: Scenario): Promise<Fixture> {
  const { rateLimit } = scenario;
  const simulator = await startSimulator({
    // Shorter than the documented cooldown, so that a run that exceeds the limit ends soon.
    accounts: ACCOUNTS.map((name) => ({ name, ...(rateLimit ? { rateLimit, cooldownMs: 3_000 } : {}) })),
  });
  const project = await createEngineProject({ env: REPORTS_MODULES });
  const disk = diskOf(scenario, project);
  const accounts = ACCOUNTS.map((name) => simulator.account(name));
  const [main, team] = accounts as [SimulatedAccount, SimulatedAccount];
  const { baseUrl } = simulator;
  const limit =
    rateLimit === undefined ? {} : { rateLimit: `${rateLimit.limit}/${rateLimit.windowMs / 1_000}s` };
  const teamArgs: AccountArgs = { apiKey: team.apiKey, baseUrl, ...limit };
  const config: StackConfig = {
    "electronhub:apiKey": { value: main.apiKey, secret: true },
    "electronhub:baseUrl": { value: baseUrl },
    ...(limit.rateLimit === undefined ? {} : { "electronhub:rateLimit": { value: limit.rateLimit } }),
  };
  const secrets = new Set(accounts.map(({ apiKey }) => apiKey.slice("ek-".length)));
  const stackName = `chaos-${scenario.seed}`;
  const neighbourName = `${stackName}-b`;

  const stackFile = (name: string): string =>
    join(project.folders.backend, ".pulumi", "stacks", project.name, `${name}.json`);
  return {
    scenario,
    project,
    simulator,
    accounts,
    disk,
    stackName,
    neighbourName,
    begin: async () => {
      for (const account of accounts) addKeysOfOthers(account);
      await (await project.stack(neighbourName, neighbourProgram, { config })).up();
    },
    stack: (phase) => project.stack(stackName, programOf(scenario, phase, teamArgs), { config }),
    accountEnv: {
      ELECTRONHUB_API_KEY: main.apiKey,
      ELECTRONHUB_BASE_URL: baseUrl,
      ...(limit.rateLimit === undefined ? {} : { ELECTRONHUB_RATE_LIMIT: limit.rateLimit }),
    },
    secrets,
    noteSecrets: () => {
      for (const account of accounts)
        for (const { key } of account.keys()) secrets.add(key.slice("ek-proxy-".length));
    },
    locks: () => {
      const folder = join(project.folders.backend, ".pulumi", "locks");
      if (!existsSync(folder)) return [];
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
      return files.filter((file) => file.includes(`${stackName}/`) && file.endsWith(".json"));
    },
    checkpoint: (name, suffix = "") => {
      const file = `${stackFile(name)}${suffix}`;
      return existsSync(file) ? readFileSync(file, "utf8") : undefined;
    },
    tearCheckpoint: () => {
      const file = stackFile(stackName);
      if (existsSync(file)) writeFileSync(`${file}.attrs`, "");
    },
    dispose: async (keepFolder) => {
      endProcesses(processesIn(project.folders.work));
      await simulator.close();
      if (keepFolder) return;
      disk.dispose();
      await project.dispose();
      rmSync(project.folders.root, { recursive: true, force: true });
    },
  };
}

function diskOf({ crash, disk }: Scenario, project: EngineProject): Disk {
  if (crash === "fullDisk") return fillableDisk(project, disk);
  return crash === "unwritableBackend" ? vanishingBackend(project) : soundDisk;
}

/** Used, disabled and fresh keys. Some names look like generated ones, or like the stack's own. */
function addKeysOfOthers(account: SimulatedAccount): void {
  account.addKey({ name: "bot-abcdefg", allocatedAmount: 50, usedAmount: 12.5 });
  account.addKey({ name: "bot-2345672", allocatedAmount: 3, limitType: "weekly" });
  account.addKey({ name: "bot", isActive: false });
  account.addKey({ name: "the team's own", allocatedAmount: 9, ipWhitelist: ["10.0.0.0/8"] });
}
