import { startSimulator, type SimulatedAccount, type Simulator } from "pulumi-electronhub/testing";
import { createEngineProject, type EngineProject } from "../support/engine";
import { descendantsOf, endProcesses } from "../support/processes";
import type { PulumiCli } from "../support/pulumiCli";

export const STACK = "demo";

/** Credits that each account starts with. */
export const BALANCE = 1_000;

/** What the demo plays with: the real engine in a folder of its own, and two simulated accounts. */
export interface World {
  readonly project: EngineProject;
  readonly simulator: Simulator;
  readonly own: SimulatedAccount;
  readonly other: SimulatedAccount;
  /** Ends what still runs and removes every trace. */
  dispose(): Promise<void>;
}

export async function createWorld(cli: PulumiCli): Promise<World> {
  const project = await createEngineProject({ name: "demo", cli });
  const simulator = await startSimulator({
    accounts: [
      { name: "yours", balance: BALANCE },
      { name: "another", balance: BALANCE },
    ],
  });
  const dispose = async (): Promise<void> => {
    // The engine may be in the middle of something when a person has seen enough.
    endProcesses(descendantsOf(process.pid));
    await simulator.close();
    await project.dispose();
  };
  let disposed: Promise<void> | undefined;
  return {
    project,
    simulator,
    own: simulator.account("yours"),
    other: simulator.account("another"),
    dispose: () => (disposed ??= dispose()),
  };
}

/** A key as the state file has it; the secret is encrypted there. */
export interface KeyInState {
  resource: string;
  fingerprint: string;
  outputs: Readonly<Record<string, unknown>>;
}

const KEY_TYPE = "pulumi-nodejs:dynamic/electronhub:ProxyKey";

/** Reads the keys from the state, as the engine exports it. */
export async function keysInState({ project }: World): Promise<KeyInState[]> {
  const resources = await project.resources(STACK, KEY_TYPE);
  return resources
    .map(({ urn, id = "", outputs = {} }) => ({
      resource: urn.slice(urn.lastIndexOf("::") + 2),
      fingerprint: id,
      outputs,
    }))
    .toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
}
