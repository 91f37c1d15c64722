import type { FaultSpec, InjectedFault } from "../../provider/testing";
import type { Operation } from "./operation";
import type { Moment, Scenario } from "./scenario";
import type { World } from "./world";

/** Waits for the scenario's moment. */
export interface Watch {
  /** Resolves at the moment; false when the command ended without it. */
  arrived(operation: Operation): Promise<boolean>;
  /** Lets go on what is held. */
  release(): void;
}

/** Prepares the simulator; to be called right before the command starts. */
export function watchFor(scenario: Scenario, { simulator, locks }: World): Watch {
  const { moment, latencyMs } = scenario;
  // The first fault that matches a request is the only one to hit it, so what is held comes before what is slow.
  const held = moment.kind === "held" ? simulator.inject(holdOf(moment)) : undefined;
  if (latencyMs !== undefined) simulator.inject({ latencyMs, times: Infinity });
  const before = simulator.journal.length;
  return {
    arrived: async (operation) => {
      if (held !== undefined) return heldOne(held, operation);
      if (moment.kind === "held") return false;
      const hasCome = (): boolean =>
        moment.requests === 0 ? locks().length > 0 : simulator.journal.length - before >= moment.requests;
      while (!hasCome()) {
        if (operation.isDone()) return false;
        await turn();
      }
      for (let turns = 0; turns < moment.turns; turns++) await turn();
      return !operation.isDone();
    },
    release: () => held?.remove(),
  };
}

function holdOf({ path, nth, applied, holdLater }: Moment & { kind: "held" }): FaultSpec {
  return { on: { path }, skip: nth - 1, times: holdLater ? Infinity : 1, hold: true, applied };
}

async function heldOne(held: InjectedFault, operation: Operation): Promise<boolean> {
  await Promise.race([held.reached(), operation.done]);
  return held.hits > 0 && !operation.isDone();
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
