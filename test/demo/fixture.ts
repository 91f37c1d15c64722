import { startSimulator, type SimulatedAccount, type Simulator } from "pulumi-electronhub/testing";
import { createEngineProject, type EngineProject } from "../support/engine";
import { descendantsOf, endProcesses } from "../support/processes";
import type { PulumiCli } from "../support/pulumiCli";

export const STACK = "demo";

/** Credits that each account starts with. */
export const BALANCE = 1_000;

/** The real engine in its own folder, and two simulated accounts. */
export interface Fixture {
  readonly project: EngineProject;
  readonly simulator: Simulator;
  readonly own: SimulatedAccount;
  readonly other: SimulatedAccount;
  /** Ends all processes and removes all files. */
  dispose(): Promise<void>;
}

export async function createFixture(cli: PulumiCli): Promise<Fixture> {
  const project = await createEngineProject({ name: "demo", cli });
  const simulator = await startSimulator({
    accounts: [
      { name: "yours", balance: BALANCE },
      { name: "another", balance: BALANCE },
    ],
  });
  const dispose = async (): Promise<void> => {
    // The engine may still run when the user interrupts the demo.
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

/** A key in the state, with an encrypted secret. */
export interface KeyInState {
  resource: string;
  fingerprint: string;
  outputs: Readonly<Record<string, unknown>>;
}

const KEY_TYPE = "pulumi-nodejs:dynamic/electronhub:ProxyKey";

/** Reads the keys from the exported state. */
export async function keysInState({ project }: Fixture): Promise<KeyInState[]> {
  const resources = await project.resources(STACK, KEY_TYPE);
  return resources
    .map(({ urn, id = "", outputs = {} }) => ({
      resource: urn.slice(urn.lastIndexOf("::") + 2),
      fingerprint: id,
      outputs,
    }))
    .toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
}
