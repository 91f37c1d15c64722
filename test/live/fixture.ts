import { afterEach } from "vitest";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import { createTransport, type HttpRequest, type Transport } from "../../provider/api/transport";
import {
  startSimulator,
  type AccountOptions,
  type Simulator,
  type SimulatorOptions,
} from "../../provider/testing";
import { VirtualClock } from "../support/virtualClock";
import { runOf } from "./ownKeys";
import { runLive, type ExitCode, type LiveRun } from "./run";

export const RUN_ID = "abc123";

export interface Fixture {
  simulator: Simulator;
  clock: VirtualClock;
  /** Runs the live test. `output` is all that it prints, `table` only the findings. */
  run(options?: Partial<LiveRun>): Promise<{ exitCode: ExitCode; output: string; table: string }>;
  /** The most credits that were in the budgets of its keys after a request. */
  peakCredits(): number;
  /** Called before each request. */
  onRequest(watch: (request: HttpRequest) => void): void;
}

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A simulated account, and the live test on virtual time. */
export async function createFixture(
  account: Partial<AccountOptions> = {},
  options: Omit<SimulatorOptions, "clock" | "accounts"> = {},
): Promise<Fixture> {
  const clock = new VirtualClock();
  // What a free account has.
  const accounts = [{ name: "main", balance: 0.25, ...account }];
  const simulator = await startSimulator({ ...options, accounts, clock: clock.server });
  const inner = clock.watch(createTransport());
  closing.push(async () => {
    const { violations } = simulator;
    await inner.close();
    await simulator.close();
    if (violations.length > 0) throw new Error(`The API was misused: ${JSON.stringify(violations)}`);
  });
  let peak = 0;
  const watchers: ((request: HttpRequest) => void)[] = [];
  const transport: Transport = {
    async send(request, signal) {
      for (const watch of watchers) watch(request);
      const own = () =>
        simulator
          .account()
          .keys()
          .filter(({ name }) => runOf(name) !== undefined);
      const total = () => own().reduce((sum, { allocatedAmount }) => sum + allocatedAmount, 0);
      try {
        return await inner.send(request, signal);
      } finally {
        peak = Math.max(peak, total());
      }
    },
    close: () => inner.close(),
  };
  return {
    simulator,
    clock,
    peakCredits: () => peak,
    onRequest: (watch) => void watchers.push(watch),
    async run(more) {
      const [printed, lines]: [string[], string[]] = [[], []];
      const exitCode = await runLive({
        environment: {
          ELECTRONHUB_LIVE: "1",
          ELECTRONHUB_API_KEY: simulator.account().apiKey,
          ELECTRONHUB_BASE_URL: simulator.baseUrl,
        },
        clock,
        random: () => 0.5,
        transport,
        store: () => memoryStore(),
        runId: RUN_ID,
        print: (text) => printed.push(text),
        progress: (line) => lines.push(line),
        ...more,
      });
      const table = printed.join("\n");
      return { exitCode, table, output: `${table}\n${lines.join("\n")}` };
    },
  };
}

/** Requests that change keys. */
export function changes({ simulator }: Pick<Fixture, "simulator">): string[] {
  return simulator.requests().filter((line) => /create|update|toggle|remove|DELETE|regen/.test(line));
}
