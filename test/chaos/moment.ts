import type { FaultSpec, InjectedFault } from "../../provider/testing";
import type { Fixture } from "./fixture";
import type { Operation } from "./operation";
import type { Moment, Scenario } from "./scenario";

/** Waits for the scenario's moment. */
export interface Watch {
  /** Resolves at the moment, with false if the command ended before it. */
  arrived(operation: Operation): Promise<boolean>;
  /** Releases the held requests. */
  release(): void;
}

/** Prepares the simulator. Call it right before the command starts. */
export function watchFor(scenario: Scenario, { simulator, locks }: Fixture): Watch {
  const { moment, latencyMs } = scenario;
  // Only the first matching fault hits a request, so the hold comes before the latency.
  const held = moment.kind === "held" ? simulator.inject(holdOf(moment)) : undefined;
  if (latencyMs !== undefined) simulator.inject({ latencyMs, times: Infinity });
  const before = simulator.journal.length;
  return {
    arrived: async (operation) => {
      if (held !== undefined) return heldOne(held, operation);
      if (moment.kind === "held") return false;
      const isReached = (): boolean =>
        moment.requests === 0 ? locks().length > 0 : simulator.journal.length - before >= moment.requests;
      while (!isReached()) {
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

/** Resolves after one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
