import { RateLimiter } from "../../../../provider/api/rateLimit/rateLimiter";
import { memoryStore, type WindowStore } from "../../../../provider/api/rateLimit/windowStore";
import { RequestWindow } from "../../../../provider/testing/requestWindow";
import { VirtualClock } from "../../../support/virtualClock";
import { seededRandom } from "../../../support/seededRandom";

export interface MachinesScenario {
  machines: number;
  limit: number;
  /** Requests that each machine sends. */
  operations: number;
  /** The time within which the machines start. Default: 0, together. */
  staggerMs?: number;
  seed: number;
  /** Runs on the same machines before this one, each of which ended so long before the next. Default: none. */
  earlierRuns?: { count: number; pauseMs: number };
  /** The store of each machine. Default: one in memory, which no other machine sees. */
  storeOf?: (clock: VirtualClock) => WindowStore;
}

export interface MachinesResult {
  /** Responses 429. */
  rateLimited: number;
  /** Time from the first start to the last response. */
  tookMs: number;
  /** The time of the slowest machine over the mean. */
  slowest: number;
}

const WINDOW_MS = 60_000;
const COOLDOWN_MS = 180_000;

/** Operations that the engine runs at once. */
const PARALLEL = 8;

/** Runs machines with one account in virtual time, each way of the network takes 20 to 80 ms. */
export async function runMachines({
  machines,
  limit,
  operations,
  staggerMs = 0,
  seed,
  earlierRuns = { count: 0, pauseMs: 0 },
  storeOf = () => memoryStore(),
}: MachinesScenario): Promise<MachinesResult> {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const server = new RequestWindow({ rateLimit: { limit, windowMs: WINDOW_MS }, cooldownMs: COOLDOWN_MS });
  const stores = Array.from({ length: machines }, () => storeOf(clock));
  let rateLimited = 0;
  const network = () => clock.sleep(20 + Math.floor(random() * 60));

  const send = async (limiter: RateLimiter): Promise<void> => {
    for (let again = false; ; again = true) {
      const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity, again });
      await network();
      const isAdmitted = server.take(clock.nowMs());
      const figures = server.figures(clock.nowMs());
      const cooldownMs = Math.ceil(((server.cooldownUntilMs ?? 0) - clock.nowMs()) / 1_000) * 1_000;
      await network();
      if (!isAdmitted) rateLimited++;
      await permit.complete({ ...figures, ...(isAdmitted ? {} : { cooldownMs }) });
      if (isAdmitted) return;
    }
  };
  const runAll = () =>
    Promise.all(
      stores.map(async (store) => {
        await clock.sleep(Math.floor(random() * staggerMs));
        const beganMs = clock.nowMs();
        const limiter = new RateLimiter({ clock, store, random });
        let left = operations;
        await Promise.all(
          Array.from({ length: PARALLEL }, async () => {
            while (left-- > 0) await send(limiter);
          }),
        );
        return clock.nowMs() - beganMs;
      }),
    );
  for (let run = 0; run < earlierRuns.count; run++) {
    await runAll();
    await clock.sleep(earlierRuns.pauseMs);
  }
  rateLimited = 0;
  const startMs = clock.nowMs();
  const times = await runAll();
  const meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  return { rateLimited, tookMs: clock.nowMs() - startMs, slowest: Math.max(...times) / meanMs };
}

/** The fastest schedule of all machines together. */
export function optimumOf({ machines, limit, operations }: MachinesScenario): number {
  return (Math.ceil((machines * operations) / limit) - 1) * WINDOW_MS;
}
