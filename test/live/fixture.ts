import { afterEach } from "vitest";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import { createTransport, type HttpRequest, type Transport } from "../../provider/api/transport";
import {
  startSimulator,
  type FaultSpec,
  type JsonValue,
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

/** Keys of the account that are not the test's, with their use. */
export function addOthers({ simulator }: Fixture): void {
  const account = simulator.account();
  account.addKey({ name: "prod", allocatedAmount: 0.05, usedAmount: 0.01, ipWhitelist: ["10.0.0.0/8"] });
  account.addKey({ name: "prod", allocatedAmount: 0.02, isActive: false });
}

/** Routes that the simulator does not have, as the vendor describes them. */
export function addRoutes({ simulator }: Fixture, used = 0.001): void {
  const route = (method: string, path: string, body: NonNullable<FaultSpec["body"]>) =>
    simulator.inject({ on: { method, path }, status: 200, body, times: Infinity });
  const callers: string[] = [];
  route("GET", "/models", {
    object: "list",
    data: [
      { id: "dear", pricing: { input: 3, output: 15 }, endpoints: ["/v1/chat/completions"] },
      { id: "cheap", pricing: { input: 0.1, output: 0.2 }, endpoints: ["/v1/chat/completions"] },
      { id: "free", pricing: { input: 0, output: 0 }, endpoints: ["/v1/chat/completions"] },
      { id: "painter", pricing: { input: 0.01, output: 0.01 }, endpoints: ["/v1/images/generations"] },
    ],
  });
  route("POST", "/chat/completions", ({ authorization = "", rawBody }) => {
    const key = authorization.replace("Bearer ", "");
    callers.push(key);
    simulator.account().spend(key, used);
    return { object: "chat.completion", model: (JSON.parse(rawBody) as { model: string }).model };
  });
  route("GET", "/user/logs", () =>
    callers.map((key): JsonValue => ({ key, ip: "192.0.2.7", status: "success" })),
  );
}

/** The last cell of a question's row. */
export function verdictOf(table: string, question: string): string {
  const row = table.split("\n").find((line) => line.includes(question));
  return row?.split(" | ").at(-1)?.replace(" |", "") ?? `no row for ${question}`;
}
