import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { RateLimiter, type RateLimiterOptions } from "../../../provider/api/rateLimit/rateLimiter";
import { readSettings } from "../../../provider/config";
import { accountNameOf } from "../../../provider/lifecycle/accountContext";
import { systemDependencies } from "../../../provider/lifecycle/system";
import { RequestWindow } from "../../../provider/testing/requestWindow";
import { systemClock } from "../../../provider/util/clock";

/** A machine, as its processes are wired: with its own cache folder, on the machine's clock. */
export interface Machine {
  limiter: RateLimiter;
  /** What it has warned about. Lines that say what requests wait for are none. */
  warnings: string[];
  /** The contents of its own window file. */
  ownWindow(): Promise<string>;
}

/** @param url of the server that it shares the window through. */
export async function machine(
  url: string,
  { apiKey = "ek-1", ...options }: { apiKey?: string } & Partial<RateLimiterOptions> = {},
): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), "machine-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  vi.stubEnv("XDG_CACHE_HOME", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const warnings: string[] = [];
  const { windowStore, transport } = systemDependencies((line) => warnings.push(line));
  await transport.close();
  const settings = readSettings({
    stack: () => undefined,
    environment: { ELECTRONHUB_API_KEY: apiKey, ELECTRONHUB_SHARED_WINDOW: url },
  });
  const store = windowStore?.(accountNameOf(settings), settings);
  if (store === undefined) throw new Error("There is no store.");
  return {
    limiter: new RateLimiter({ clock: systemClock, store, ...options }),
    warnings,
    async ownWindow() {
      const rate = join(folder, "pulumi-electronhub", "rate");
      const texts = (await readdir(rate)).map((name) => readFile(join(rate, name), "utf8"));
      return (await Promise.all(texts)).join("\n");
    },
  };
}

export const LIMIT = 1_000;

export interface Run {
  /** Requests of each machine. */
  count: number;
  /** Called when this many requests of all machines have been answered. */
  at?: number;
  disturb?: () => unknown;
}

/**
 * Sends requests of several machines to one account. Its limit is high, so that machines without the server need not
 * wait for each other.
 *
 * @returns the statuses.
 */
export async function send(machines: readonly Machine[], { count, at, disturb }: Run): Promise<number[]> {
  const account = new RequestWindow({ rateLimit: { limit: LIMIT, windowMs: 60_000 } });
  const statuses: number[] = [];
  const request = async (limiter: RateLimiter) => {
    const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    const isAdmitted = account.take(Date.now());
    const { limit, remaining } = account.figures(Date.now()) ?? {};
    statuses.push(isAdmitted ? 200 : 429);
    if (statuses.length === at) await disturb?.();
    await permit.complete({ limit, remaining, ...(isAdmitted ? {} : { cooldownMs: 1_000 }) });
  };
  const worker = async ({ limiter }: Machine, share: number) => {
    for (let sent = 0; sent < share; sent++) await request(limiter);
  };
  const WORKERS = 5;
  await Promise.all(
    machines.flatMap((each) => Array.from({ length: WORKERS }, () => worker(each, count / WORKERS))),
  );
  return statuses;
}

export const allAnswered = (count: number) => Array.from({ length: count }, () => 200);
