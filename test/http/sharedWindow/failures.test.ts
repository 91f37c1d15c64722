import { describe, expect, it, onTestFinished } from "vitest";
import { KEY_PREFIX } from "../../../provider/api/rateLimit/redisCell";
import { freePort } from "../../support/freePort";
import { startRedis, withoutRedis, type RedisServer } from "../../support/redisServer";
import { allAnswered, LIMIT, machine, send } from "./machine";

const PASSWORD = "correct-horse-battery";

async function server(): Promise<RedisServer> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await redis.command("CONFIG", "SET", "requirepass", PASSWORD);
  return redis;
}

/** Changes each window on the server. */
async function eachKey(redis: RedisServer, change: (key: string) => Promise<unknown>): Promise<void> {
  const keys = (await redis.command("KEYS", `${KEY_PREFIX}*`)) as string[];
  expect(keys).toHaveLength(1);
  for (const key of keys) await change(key);
}

const closeOthers = (redis: RedisServer) =>
  redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");

type Disturbance = (redis: RedisServer) => unknown;

describe.skipIf(withoutRedis !== "")(`a server${withoutRedis}`, () => {
  it.each<[string, RegExp, Disturbance]>([
    ["is killed", /closed the connection|refuses connections/, (redis) => redis.signal("SIGKILL")],
    ["is paused", /did not answer within 1000 ms/, (redis) => redis.signal("SIGSTOP")],
    [
      "is paused and closes its connections",
      /did not answer within|closed the connection/,
      async (redis) => {
        await closeOthers(redis);
        redis.signal("SIGSTOP");
      },
    ],
    ["is full", /has no memory left/, (redis) => redis.command("CONFIG", "SET", "maxmemory", "1")],
    [
      "gets another password",
      /refuses the password|closed the connection/,
      async (redis) => {
        await redis.command("CONFIG", "SET", "requirepass", "another");
        await closeOthers(redis);
      },
    ],
    [
      "becomes a replica",
      /is a read-only replica|is a replica without its primary/,
      (redis) => redis.command("REPLICAOF", "127.0.0.1", "9"),
    ],
    [
      "forbids a command",
      /does not permit a command/,
      (redis) => redis.command("ACL", "SETUSER", "default", "-hset"),
    ],
    [
      "forbids scripts",
      /does not permit a command/,
      (redis) => redis.command("ACL", "SETUSER", "default", "-eval"),
    ],
    [
      "has garbage instead of the window",
      /electronhub:window:\{\w+\} on the server is not a rate-limit window\. Delete it with `DEL /,
      (redis) =>
        eachKey(redis, (key) => redis.command("HSET", key, "version", "garbage", "text", '{"entries":1}')),
    ],
    [
      "has another kind of value",
      /has another kind of value under the window's key/,
      (redis) => eachKey(redis, (key) => redis.command("SET", key, "garbage")),
    ],
  ])("that %s in the middle costs one warning of each machine and no request", async (_, reason, disturb) => {
    const redis = await server();
    const machines = await Promise.all([0, 1].map(() => machine(redis.url(`:${PASSWORD}`))));
    const statuses = await send(machines, { count: 40, at: 30, disturb: () => disturb(redis) });
    expect(statuses).toEqual(allAnswered(80));
    for (const { warnings, ownWindow } of machines) {
      expect(warnings).toEqual([
        expect.stringMatching(
          /^Electron Hub: the rate limit cannot be shared with other machines; this machine keeps to it alone\. \S/,
        ),
      ]);
      expect(warnings[0]).toMatch(reason);
      expect(warnings[0]).not.toMatch(/horse|another\b(?! kind)/);
      // It knows the requests that were sent while the server could be used.
      const own = await ownWindow();
      expect(JSON.parse(own)).toMatchObject({ limit: LIMIT, entries: allAnswered(40).map(() => ({})) });
      expect(own).not.toContain(PASSWORD);
    }
  });

  it.each<[string, Disturbance]>([
    ["loses its data", (redis) => redis.command("FLUSHALL")],
    ["closes the connections", (redis) => closeOthers(redis)],
  ])("that %s between two requests is used on, without a warning", async (_, disturb) => {
    const redis = await server();
    const machines = await Promise.all([0, 1].map(() => machine(redis.url(`:${PASSWORD}`))));
    expect(await send(machines, { count: 10 })).toEqual(allAnswered(20));
    await disturb(redis);
    expect(await send(machines, { count: 10 })).toEqual(allAnswered(20));
    for (const { warnings } of machines) expect(warnings).toEqual([]);
    await eachKey(redis, async (key) => {
      const text = await redis.command("HGET", key, "text");
      expect(JSON.parse(String(text))).toMatchObject({
        limit: LIMIT,
        entries: allAnswered(40).map(() => ({})),
      });
      expect(await redis.command("PTTL", key)).toBeGreaterThan(3_600_000);
    });
  });

  it("that is wrong from the start costs one warning, and names no password", async () => {
    const redis = await server();
    const closed = await freePort();
    const cases: [url: string, reason: RegExp][] = [
      [redis.url(":wrong-horse"), /refuses the password.*Check the user and the password/],
      [redis.url("unknown:wrong-horse"), /refuses the password/],
      [redis.url(), /has another login than the URL/],
      [`${redis.url(`:${PASSWORD}`)}/99`, /does not have the database/],
      [`redis://:wrong-horse@127.0.0.1:${closed}`, /127\.0\.0\.1:\d+ refuses connections/],
      ["redis://:wrong-horse@host.invalid", /host\.invalid:6379 is not known to the name service/],
      [
        redis.url(":wrong-horse").replace("redis:", "rediss:"),
        /does not speak TLS|closed the connection|did not answer/,
      ],
    ];
    for (const [url, reason] of cases) {
      const one = await machine(url);
      expect(await send([one], { count: 10 })).toEqual(allAnswered(10));
      expect(one.warnings).toEqual([expect.stringMatching(reason)]);
      expect(one.warnings[0]).not.toContain("horse");
    }
  });
});
