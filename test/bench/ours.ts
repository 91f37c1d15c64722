import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../../provider/util/clock";
import { fileWindowStore } from "../../provider/api/rateLimit/fileWindow";
import type { WindowStore } from "../../provider/api/rateLimit/windowStore";
import { createTransport, type Transport } from "../../provider/api/transport";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import { seededRandom } from "../support/seededRandom";
import { VirtualClock } from "../support/virtualClock";
import { jitter, play, startAccount, type Outcome, type Process, type Scenario } from "./scenario";

export interface Variant {
  /** Upper bound of how late timers fire, as an operating system's. Default: 3. */
  latestMs?: number;
  /** Whether the processes take turns. Default: true. */
  turns?: boolean;
  /** The window of each process, if each is a machine of its own. Default: they share a file. */
  machineWindow?: ((clock: VirtualClock, at: number) => WindowStore) | undefined;
}

/**
 * Runs a scenario with this package as production wires it (`dynamic/handler.ts`): undici over loopback and a shared
 * window file. Only the clock is virtual. Each process has its own provider, so its own rate limiter.
 */
export async function runOurs(
  scenario: Scenario,
  { latestMs = 3, turns = true, machineWindow }: Variant = {},
): Promise<Outcome> {
  const clock = new VirtualClock();
  const simulator = await startAccount(scenario, clock.server);
  const folder = await mkdtemp(join(tmpdir(), "bench-window-"));
  const random = seededRandom();
  const latency = jitter(scenario, (ms) => clock.sleep(ms));
  let started = 0;
  const startProcess = (): Process => {
    const at = started++;
    const own = lateBy(clock, () => Math.floor(random() * latestMs));
    const transport = delayed(clock.watch(createTransport()), latency);
    const provider = new DynamicProvider({
      clock: own,
      random,
      randomBytes,
      transport,
      environment: {
        ELECTRONHUB_API_KEY: simulator.account().apiKey,
        ELECTRONHUB_BASE_URL: simulator.baseUrl,
      },
      signal: new AbortController().signal,
      report: () => {},
      windowStore: (account) => {
        if (machineWindow !== undefined) return machineWindow(clock, at);
        const store = fileWindowStore({
          path: join(folder, `${account}.json`),
          onTrouble: (reason) => {
            throw new Error(reason);
          },
        });
        return turns ? store : withoutTurns(store);
      },
    });
    return {
      remove: (key) => provider.delete(fingerprintOf(key), { key, name: randomUUID() }),
      stop: () => transport.close(),
    };
  };
  try {
    return await play(scenario, { simulator, nowMs: () => clock.nowMs(), startProcess });
  } finally {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Hides from each process that others wait, so that the first one to wake takes every free request. */
function withoutTurns(store: WindowStore): WindowStore {
  return {
    get shared() {
      return store.shared;
    },
    transact: (change) =>
      store.transact((state) => {
        state.waiting = {};
        return change(state);
      }),
  };
}

/** Fires timers late. Without it, processes that wait for one moment always wake in the same order. */
function lateBy(clock: Clock, lateMs: () => number): Clock {
  return { nowMs: () => clock.nowMs(), sleep: (delayMs, signal) => clock.sleep(delayMs + lateMs(), signal) };
}

function delayed(transport: Transport, latency: () => Promise<void>): Transport {
  return {
    send: async (request, signal) => {
      await latency();
      return transport.send(request, signal);
    },
    close: () => transport.close(),
  };
}
