import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fork } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { selfSigned } from "../../support/certificate";
import { startRedis, withoutRedis, type RedisOptions, type RedisServer } from "../../support/redisServer";
import { allAnswered, machine, send } from "./machine";

const WORKER = join(__dirname, "worker.ts");

async function server(options: RedisOptions = {}): Promise<RedisServer> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

/** Starts a process that sends requests. @returns when it has sent them. */
async function sender(url: string, limit: number, count: number, env = {}): Promise<number[]> {
  const child = fork(WORKER, [url, String(limit), String(count)], {
    execArgv: ["--import", "tsx"],
    env: { ...process.env, ...env },
  });
  const sentMs: number[] = [];
  child.on("message", (ms: number) => sentMs.push(ms));
  const [exitCode] = (await once(child, "exit")) as [number | null];
  expect(exitCode).toBe(0);
  return sentMs;
}

describe.skipIf(withoutRedis !== "")(`machines with a real server${withoutRedis}`, () => {
  it("never send more requests in a window than the limit, each in a process of its own", async () => {
    const redis = await server();
    const [limit, windowMs] = [5, 1_000];
    const sent = await Promise.all([0, 1, 2].map(() => sender(redis.url(), limit, 6)));
    const times = sent.flat();
    expect(times).toHaveLength(18);
    for (const fromMs of times)
      expect(times.filter((ms) => ms >= fromMs && ms < fromMs + windowMs).length).toBeLessThanOrEqual(limit);
  });

  it("of two accounts do not disturb each other", async () => {
    const redis = await server();
    const configured = { limit: 1, windowMs: 3_600_000 };
    const [one, two] = await Promise.all(
      ["ek-one", "ek-two"].map((apiKey) => machine(redis.url(), { apiKey, configured })),
    );
    const options = { what: "remove", deadlineMs: Date.now() + 60_000 };
    for (const each of [one, two]) await (await each?.limiter.acquire(options))?.complete({});
    await expect(one?.limiter.acquire(options)).rejects.toMatchObject({ name: "MaxWaitError" });
    const keys = (await redis.command("KEYS", "*")) as string[];
    expect(keys.toSorted()).toEqual(
      [0, 1].map(() => expect.stringMatching(/^electronhub:window:\{[0-9a-f]{32}\}$/)),
    );
  });

  it("need only the commands that the example's README names", async () => {
    const redis = await server();
    const rights = ["~electronhub:window:*", "+eval", "+hget", "+hset", "+pexpire", "+time"];
    await redis.command("ACL", "SETUSER", "team", "on", ">correct-horse", ...rights);
    const one = await machine(redis.url("team:correct-horse"));
    expect(await send([one], { count: 20 })).toEqual(allAnswered(20));
    expect(one.warnings).toEqual([]);
  });

  it("speak TLS, and refuse a certificate that is not trusted", async () => {
    const tls = selfSigned(["127.0.0.1"]);
    const redis = await server({ tls });
    const folder = await mkdtemp(join(tmpdir(), "authority-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const authority = join(folder, "cert.pem");
    await writeFile(authority, tls.cert);
    expect(await sender(redis.url(), 5, 2, { NODE_EXTRA_CA_CERTS: authority })).toHaveLength(2);
    const one = await machine(redis.url(":unused"));
    expect(await send([one], { count: 10 })).toEqual(allAnswered(10));
    expect(one.warnings).toEqual([
      expect.stringMatching(/certificate that is not trusted.*NODE_EXTRA_CA_CERTS/),
    ]);
  });
});
