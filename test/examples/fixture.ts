import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { startSimulator, type SimulatedAccount, type Simulator } from "../../provider/testing";
import {
  createEngineProject,
  type EngineProject,
  type EngineStack,
  type StackConfig,
} from "../support/engine";

type Module = Record<string, unknown>;

/** An example's stack on the real engine, against a simulated account. */
export interface Example {
  readonly project: EngineProject;
  readonly simulator: Simulator;
  readonly account: SimulatedAccount;
  /** A stack that runs the example's own `index.ts`. */
  stack(name: string): Promise<EngineStack>;
}

/**
 * @param load imports the example. Its module is loaded afresh for each operation, as Pulumi does.
 * @param env of every command, asked for once.
 */
export function useExample(load: () => Promise<Module>, env = (): Record<string, string> => ({})): Example {
  let project: EngineProject;
  let simulator: Simulator;

  beforeAll(async () => {
    project = await createEngineProject({ env: env() });
  });
  afterAll(() => project.dispose());
  beforeEach(async () => {
    simulator = await startSimulator();
  });
  afterEach(async () => {
    expect(simulator.violations).toEqual([]);
    await simulator.close();
  });

  return {
    get project() {
      return project;
    },
    get simulator() {
      return simulator;
    },
    get account() {
      return simulator.account();
    },
    stack(name) {
      const config: StackConfig = {
        "electronhub:apiKey": { value: simulator.account().apiKey, secret: true },
        "electronhub:baseUrl": { value: simulator.baseUrl },
      };
      const program = async (): Promise<Module> => {
        vi.resetModules();
        return { ...(await load()) };
      };
      return project.stack(name, program, { config });
    },
  };
}
