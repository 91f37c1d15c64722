import { EngineError } from "../../provider/dynamic/engineErrors";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import type { HttpResponse, Transport } from "../../provider/api/transport";
import { InstantClock } from "../matrix/instantClock";
import { leaks } from "../matrix/messages";
import { HTML_MARK, type RandomResponse, type Script, type Subject } from "./responses";

/** One request and its response. */
export interface Exchange {
  readonly call: keyof Script;
  readonly response: RandomResponse;
}

const CALLS: Record<string, keyof Script> = { remove: "remove", proxy: "list", lookup: "lookup" };

/** More requests than any operation may send within `maxWait`. */
export const MAX_REQUESTS = 2_000;

/** Returns responses from a script. */
export class ScriptedTransport implements Transport {
  readonly exchanges: Exchange[] = [];

  constructor(readonly script: Script) {}

  async send({ url }: Parameters<Transport["send"]>[0]): Promise<HttpResponse> {
    const call = CALLS[url.pathname.split("/").at(-1) ?? ""];
    if (call === undefined) throw new Error(`An unexpected call: ${url.pathname}`);
    const responses = this.script[call];
    const before = this.exchanges.filter((exchange) => exchange.call === call).length;
    const response = responses[Math.min(before, responses.length - 1)]!;
    this.exchanges.push({ call, response });
    if (this.exchanges.length > MAX_REQUESTS) throw new Error("Requests without end.");
    if (response instanceof Error) throw response;
    return response;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function lifecycleOn(
  transport: Transport,
  { apiKey }: Pick<Subject, "apiKey">,
  maxWait = "10m",
): DynamicProvider {
  return new DynamicProvider({
    clock: new InstantClock(),
    random: () => 0.5,
    randomBytes: (count) => new Uint8Array(count).fill(7),
    transport,
    environment: {
      ELECTRONHUB_API_KEY: apiKey,
      ELECTRONHUB_BASE_URL: "https://api.example/v1",
      ELECTRONHUB_MAX_WAIT: maxWait,
    },
  });
}

/** The properties of a resource in the state. */
export function stateFor(key: string): { id: string; properties: Record<string, unknown> } {
  const id = fingerprintOf(key);
  return {
    id,
    properties: {
      name: "web",
      budget: 10,
      budgetWindow: "daily",
      expiresAt: "never",
      models: "all",
      allowedIps: "any",
      enabled: true,
      onDestroy: "remove",
      key,
      fingerprint: id,
      usedBudget: 0,
      stateVersion: 1,
    },
  };
}

/** Checks a message. @throws if it contains a secret, HTML or control characters, or names no key. */
export function requireSoundMessage(error: unknown, { apiKey, key }: Subject): void {
  if (!(error instanceof EngineError))
    throw new Error(`Not an error for the engine: ${String(error)}`, { cause: error });
  const { message } = error;
  for (const secret of [apiKey, key]) {
    if (leaks(message, secret)) throw new Error(`A secret (${secret}) in the message: ${message}`);
    if (leaks(message.toLowerCase(), secret.toLowerCase()))
      throw new Error(`A secret in the message: ${message}`);
  }
  if (message.includes(HTML_MARK)) throw new Error(`HTML in the message: ${message}`);
  if (/[^\P{C}\n]/u.test(message))
    throw new Error(`A control character in the message: ${JSON.stringify(message)}`);
  if (message.length > 8_000) throw new Error(`A message of ${message.length} characters`);
  if (!message.includes("pk-")) throw new Error(`The message names no key: ${message}`);
}
