import { afterEach } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../../provider/testing/index";

export interface TestResponse {
  readonly status: number;
  readonly json: unknown;
  readonly text: string;
  readonly headers: Headers;
}

const running: Simulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

/** Starts a simulator that is closed after the test. */
export async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

export interface SendOptions {
  /** The Authorization header. null: none. Default: the master key of the first account. */
  readonly authorization?: string | null;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Sends one request. A string body is sent as it is. */
export async function send(
  simulator: Simulator,
  line: string,
  body?: unknown,
  { authorization, headers, signal }: SendOptions = {},
): Promise<TestResponse> {
  const [method = "GET", path = "/"] = line.split(" ");
  const auth = authorization === undefined ? `Bearer ${simulator.account().apiKey}` : authorization;
  const response = await fetch(simulator.baseUrl + path, {
    method,
    redirect: "manual",
    headers: {
      ...(auth === null ? {} : { authorization: auth }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return { status: response.status, json: parsed(text), text, headers: response.headers };
}

export const SETTINGS = { name: "web", expires_at: -1, allocated_ammount: 10 };

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
