import { afterAll, beforeAll, expect } from "vitest";
import { useExample, type Example } from "./fixture";
import { startStandIn, type Behaviour, type StandIn, type StandInCall } from "./standIns/provider";

/** An example that hands its keys to resources of another package, whose provider is in this process. */
export interface HandOver {
  /** What Electron Hub and the other provider were asked since the last take, in order. */
  takeStory(): string[];
  /** The requests to the other provider since then. */
  readonly calls: readonly StandInCall[];
  /** From now on, each request of the kind fails, such as `update chat`; undefined: none. */
  failing: string | undefined;
  /** The keys of the account, the oldest first. All of them must be enabled. */
  workingKeys(): string[];
}

export function useHandOver(
  packageName: string,
  load: () => Promise<Record<string, unknown>>,
  behaviour: Omit<Behaviour, "onCall"> = {},
): [Example, HandOver] {
  let standIn: StandIn | undefined;
  let story: string[] = [];
  let calls: StandInCall[] = [];
  const addRequests = (): void => {
    story.push(...example.simulator.requests());
    example.simulator.clearJournal();
  };
  const handOver: HandOver = {
    takeStory() {
      addRequests();
      const taken = story;
      [story, calls] = [[], []];
      return taken;
    },
    get calls() {
      return calls;
    },
    failing: undefined,
    workingKeys() {
      const all = example.account.keys();
      expect(all.filter(({ isActive }) => !isActive)).toEqual([]);
      return all.map(({ key }) => key);
    },
  };

  beforeAll(async () => {
    standIn = await startStandIn({
      ...behaviour,
      onCall(call) {
        const line = `${call.verb} ${call.resource}`;
        const fails = line === handOver.failing;
        addRequests();
        story.push(fails ? `${line} fails` : line);
        calls.push(call);
        if (fails) throw new Error("The stand-in refuses.");
      },
    });
  });
  const example = useExample(load, () => standIn?.envFor(packageName) ?? {});
  afterAll(() => standIn?.close());
  return [example, handOver];
}
