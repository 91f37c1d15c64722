import { createTransport, type Transport, type TransportOptions } from "../../provider/api/transport";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import { startSimulator, type SimulatedAccount, type Simulator } from "../../provider/testing";
import { InstantClock } from "./instantClock";

export type Properties = Record<string, unknown>;

/** The name of another key on the account, which no verb may change. */
export const BYSTANDER = "bystander";

/** A simulated account and providers for it: real client, real HTTP, virtual time. */
export interface MatrixFixture {
  readonly simulator: Simulator;
  readonly account: SimulatedAccount;
  readonly clock: InstantClock;
  /** Creates the provider of another plugin process. */
  newProcess(transport: Transport): DynamicProvider;
  newTransport(options?: TransportOptions): Transport;
  close(): Promise<void>;
}

export async function createFixture(): Promise<MatrixFixture> {
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

/** Sends the first `times` matching requests to a closed port. */
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
      const closed = new URL(request.url);
      closed.port = "1";
      return inner.send({ ...request, url: closed }, signal);
    },
    close: () => inner.close(),
  };
}
