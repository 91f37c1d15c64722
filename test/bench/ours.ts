import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../../provider/util/clock";
import { fileWindowStore } from "../../provider/api/rateLimit/fileWindow";
import { createTransport, type Transport } from "../../provider/api/transport";
import { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import { VirtualClock } from "../support/virtualClock";
import {
  jitter,
  play,
  seededRandom,
  startAccount,
  type Outcome,
  type Process,
  type Scenario,
} from "./scenario";

/** Milliseconds that a timer of the operating system may be late. */
const LATEST_MS = 3;

/**
 * Ours as production wires it (`dynamic/handler.ts`): `Lifecycle.delete` with undici over loopback and the ledger in a
 * file; only the clock is virtual. Each process is a lifecycle of its own, so a pacer of its own.
 */
export async function runOurs(scenario: Scenario, { latestMs = LATEST_MS } = {}): Promise<Outcome> {
  const clock = new VirtualClock();
  const simulator = await startAccount(scenario, clock.server);
  const folder = await mkdtemp(join(tmpdir(), "bench-ledger-"));
  const random = seededRandom();
  const wayThere = jitter(scenario, (ms) => clock.sleep(ms));
  const startProcess = (): Process => {
    const own = lateBy(clock, () => Math.floor(random() * latestMs));
    const transport = delayed(clock.watch(createTransport()), wayThere);
    const lifecycle = new DynamicProvider({
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
      windowStore: (account) =>
        fileWindowStore({
          path: join(folder, `${account}.json`),
          onTrouble: (reason) => {
            throw new Error(reason);
          },
        }),
    });
    return {
      remove: (key) => lifecycle.delete(fingerprintOf(key), { key, name: randomUUID() }),
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

/** The time as a process has it: without this, four processes that wait for one moment would always wake in one order. */
function lateBy(clock: Clock, lateMs: () => number): Clock {
  return { nowMs: () => clock.nowMs(), sleep: (delayMs, signal) => clock.sleep(delayMs + lateMs(), signal) };
}

function delayed(transport: Transport, wayThere: () => Promise<void>): Transport {
  return {
    send: async (request, signal) => {
      await wayThere();
      return transport.send(request, signal);
    },
    close: () => transport.close(),
  };
}
