import { createTransport, type Transport, type TransportOptions } from "../../provider/api/transport";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import { startSimulator, type SimulatedAccount, type Simulator } from "../../provider/testing";
import { InstantClock } from "./instantClock";

export type Properties = Record<string, unknown>;

/** The name of a key that the account has all along, and that no verb may ever touch. */
export const BYSTANDER = "bystander";

/** One simulated account and everything between it and the engine: real client, real HTTP, no real time. */
export interface Scene {
  readonly simulator: Simulator;
  readonly account: SimulatedAccount;
  readonly clock: InstantClock;
  /** A plugin process of its own. */
  newProcess(transport: Transport): DynamicProvider;
  newTransport(options?: TransportOptions): Transport;
  close(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const clock = new InstantClock();
  const simulator = await startSimulator({ clock });
  const account = simulator.account();
  account.addKey({ name: BYSTANDER });
  const transports: Transport[] = [];
  let names = 0;
  return {
    simulator,
    account,
    clock,
    newTransport(options) {
      const transport = createTransport(options);
      transports.push(transport);
      return transport;
    },
    newProcess: (transport) =>
      new DynamicProvider({
        clock,
        random: () => 0.5,
        randomBytes: (count) => new Uint8Array(count).fill(++names),
        transport,
        environment: { ELECTRONHUB_API_KEY: account.apiKey, ELECTRONHUB_BASE_URL: simulator.baseUrl },
      }),
    async close() {
      await simulator.close();
      await Promise.all(transports.map((transport) => transport.close()));
    },
  };
}

/** Sends the first `times` requests that match to a port where nobody listens. */
export function refusingTransport(
  inner: Transport,
  { times, matches }: { times: number; matches: (path: string) => boolean },
): Transport {
  let refused = 0;
  return {
    async send(request, signal) {
      const path = request.url.pathname.replace("/v1", "");
      if (!matches(path) || refused >= times) return inner.send(request, signal);
      refused += 1;
      const nobody = new URL(request.url);
      nobody.port = "1";
      return inner.send({ ...request, url: nobody }, signal);
    },
    close: () => inner.close(),
  };
}
