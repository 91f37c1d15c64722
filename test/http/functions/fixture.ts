import * as pulumi from "@pulumi/pulumi";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { startSimulator, type SimulatedAccount, type Simulator } from "../../../provider/testing";
import { rejection } from "../fixture";

export const LIST = "GET /auth/proxy";
export const LOOKUP = "POST /auth/proxy/lookup";
export const VALIDATE = "POST /auth/proxy/validate";
export const ME = "GET /user/me";

/** A simulator to which the environment's settings point. */
export interface Functions {
  readonly simulator: Simulator;
  /** The environment's. */
  readonly account: SimulatedAccount;
  /** What a person reads of a failure: a RunError, without any secret. */
  failure(asked: Promise<unknown>): Promise<string>;
}

export function useFunctions(): Functions {
  let simulator: Simulator;
  let cache: string;

  beforeEach(async () => {
    simulator = await startSimulator({ accounts: [{ name: "main", tier: "pro" }, { name: "other" }] });
    cache = await mkdtemp(join(tmpdir(), "functions-"));
    vi.stubEnv("XDG_CACHE_HOME", cache);
    vi.stubEnv("ELECTRONHUB_API_KEY", simulator.account().apiKey);
    vi.stubEnv("ELECTRONHUB_BASE_URL", simulator.baseUrl);
  });
  afterEach(async () => {
    const { violations } = simulator;
    vi.unstubAllEnvs();
    pulumi.runtime.setAllConfig({});
    await simulator.close();
    await rm(cache, { recursive: true });
    if (violations.length > 0) throw new Error(`The API was misused: ${JSON.stringify(violations)}`);
  });

  return {
    get simulator() {
      return simulator;
    },
    get account() {
      return simulator.account();
    },
    async failure(asked) {
      const error = await rejection(asked);
      expect(pulumi.RunError.isInstance(error)).toBe(true);
      const accounts = [simulator.account(), simulator.account("other")];
      const keys = accounts.flatMap((each) => each.keys());
      const secrets = [...accounts.map(({ apiKey }) => apiKey), ...keys.map(({ key }) => key)];
      expect(secrets.filter((secret) => error.message.includes(secret.slice(-12)))).toEqual([]);
      return error.message;
    },
  };
}
