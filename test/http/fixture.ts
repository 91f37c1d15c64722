import { afterEach, expect } from "vitest";
import { type CallOptions, type ClientOptions, ProxyKeyClient } from "../../provider/api/client";
import { RateLimiter } from "../../provider/api/rateLimit/rateLimiter";
import { createTransport, type Transport, type TransportOptions } from "../../provider/api/transport";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import type { Dependencies } from "../../provider/lifecycle/accountContext";
import type { ProxyKeyState } from "../../provider/lifecycle/schema/state";
import {
  startSimulator,
  type FaultSpec,
  type Simulator,
  type SimulatorOptions,
} from "../../provider/testing";
import { VirtualClock } from "../support/virtualClock";

type Properties = Record<string, unknown>;

/** What create and update throw where the resource has to be saved although they failed. */
export interface SavedFailure {
  id: string;
  properties: ProxyKeyState & { __provider: unknown };
  reasons: string[];
  message: string;
}

export interface Fixture {
  simulator: Simulator;
  clock: VirtualClock;
  transport: Transport;
  client: ProxyKeyClient;
  context: CallOptions;
  lifecycle: DynamicProvider;
  /** Resolved inputs for what a program declares. */
  declare(args?: Properties, olds?: Properties): Promise<Properties>;
  /** A key made by the lifecycle, its state as the engine stores it; the journal is empty afterwards. */
  existing(args?: Properties): Promise<{ id: string; state: ProxyKeyState & Properties; inputs: Properties }>;
  /** Resolves once so many answers of the path have reached the client. */
  answered(path: string, count: number): Promise<void>;
}

export interface FixtureOptions {
  simulator?: Omit<SimulatorOptions, "clock">;
  transport?: TransportOptions;
  client?: Partial<ClientOptions>;
  lifecycle?: Pick<
    Dependencies,
    "creations" | "engine" | "signal" | "report" | "reported" | "unsettledKeys" | "windowStore"
  >;
  environment?: Record<string, string>;
  maxWaitMs?: number;
}

const fixtures: Fixture[] = [];

afterEach(async () => {
  for (const { simulator, transport } of fixtures.splice(0)) {
    const { violations } = simulator;
    await transport.close();
    await simulator.close();
    if (violations.length > 0) throw new Error(`The API was misused: ${JSON.stringify(violations)}`);
  }
});

/** The lifecycle and the client, wired to a simulator of their own over real HTTP; ends with the test. */
export async function createFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const clock = new VirtualClock();
  const simulator = await startSimulator({ ...options.simulator, clock: clock.server });
  const counted = countAnswers(clock.watch(createTransport(options.transport)), simulator.baseUrl);
  const { transport } = counted;
  const { apiKey } = simulator.account();
  const { baseUrl } = simulator;
  const random = () => 0.5;
  let calls = 0;
  const lifecycle = new DynamicProvider({
    clock,
    random,
    randomBytes: (count) => {
      calls += 1;
      return Uint8Array.from({ length: count }, (_, index) => (calls * 7 + index * 11) % 256);
    },
    transport,
    environment: {
      ELECTRONHUB_API_KEY: apiKey,
      ELECTRONHUB_BASE_URL: baseUrl,
      ELECTRONHUB_USER_AGENT: "tests/1",
      ...options.environment,
    },
    ...options.lifecycle,
  });
  const declare = async (args: Properties = {}, olds: Properties = {}) => {
    const news = { budget: 10, __resourceName: "web", ...args };
    const { inputs, failures } = await lifecycle.check(olds, news);
    expect(failures).toBeUndefined();
    return { ...(inputs as Properties), __provider: "the provider's text" };
  };
  const fixture: Fixture = {
    simulator,
    clock,
    transport,
    client: new ProxyKeyClient({
      transport,
      rateLimiter: new RateLimiter({ clock, store: memoryStore() }),
      baseUrl,
      apiKey,
      userAgent: "tests/1",
      ...options.client,
    }),
    context: { clock, random, deadlineMs: clock.nowMs() + (options.maxWaitMs ?? 3_600_000) },
    lifecycle,
    declare,
    async existing(args) {
      const inputs = await declare(args);
      const { id, outs } = await lifecycle.create(inputs);
      simulator.clearJournal();
      clock.slept.length = 0;
      return { id, state: outs as ProxyKeyState & Properties, inputs };
    },
    answered: counted.answered,
  };
  fixtures.push(fixture);
  return fixture;
}

function countAnswers(inner: Transport, baseUrl: string) {
  const counts = new Map<string, number>();
  const watchers = new Set<() => void>();
  const transport: Transport = {
    async send(request, signal) {
      const path = request.url.href.slice(baseUrl.length);
      try {
        return await inner.send(request, signal);
      } finally {
        counts.set(path, (counts.get(path) ?? 0) + 1);
        for (const look of watchers) look();
      }
    },
    close: () => inner.close(),
  };
  const answered = async (path: string, count: number) => {
    await new Promise<void>((resolve) => {
      const look = () => {
        if ((counts.get(path) ?? 0) >= count) resolve();
      };
      watchers.add(look);
      look();
    });
    // The code that waited for the response has continued by then.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { transport, answered };
}

/** What a promise is rejected with; fails the test when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("Nothing was rejected.");
}

/** The failure with which the engine saves the resource; fails the test when it is another one. */
export async function savedFailure(promise: Promise<unknown>): Promise<SavedFailure> {
  const error = await rejection(promise);
  expect(error).toMatchObject({
    id: expect.stringMatching(/^pk-[0-9a-f]{16}$/),
    properties: { __provider: "the provider's text" },
    reasons: [expect.any(String)],
  });
  return error as unknown as SavedFailure;
}

/** A refusal as the API writes it. */
export function refusal(status: number, message: string): FaultSpec {
  return { status, body: { error: { message, type: "error", param: null, code: status } } };
}

export const PATHS = {
  create: "/auth/proxy/create",
  list: "/auth/proxy",
  lookup: "/auth/proxy/lookup",
  update: "/auth/proxy/update",
  toggle: "/auth/proxy/toggle",
  remove: "/auth/proxy/remove",
} as const;

/** The lifecycle in a shell whose settings name another server, with keys of its own. */
export async function onAnotherServer(): Promise<Fixture> {
  const other = await createFixture();
  other.simulator.account().addKey({ name: "theirs" });
  return other;
}

/** What a refusal says in which a server without the key is not the one that had it. */
export function otherServer(had: Fixture, asked: Fixture): RegExp {
  const [before, today] = [had, asked].map(({ simulator }) => simulator.baseUrl.replace("/v1", ""));
  return new RegExp(`${today} does not have the key.*${before},.*\\n.*Nothing was changed.*state delete`);
}

/** Requests in short: "create", "list", … */
export function sent({ simulator }: Pick<Fixture, "simulator">): string[] {
  const names = Object.entries(PATHS).map(([name, path]) => [path, name] as const);
  return simulator.journal.map(({ path }) => new Map<string, string>(names).get(path) ?? path);
}
