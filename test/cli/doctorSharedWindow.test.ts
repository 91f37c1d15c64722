import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/freePort";
import { startRedis, withoutRedis, type RedisServer } from "../support/redisServer";
import { expectHidden, useDoctor } from "./doctorFixture";

const PASSWORD = "correct-horse-battery";

const doctor = useDoctor();

it("the shared window is no check where it is not set", async () => {
  await doctor.use();
  const { output } = await doctor.examine();
  expect(output).not.toContain("Shared window");
});

describe.skipIf(withoutRedis !== "")(`the shared window${withoutRedis}`, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
    await redis.command("CONFIG", "SET", "requirepass", PASSWORD);
    const rights = ["on", `>${PASSWORD}`, "~electronhub:window:*"];
    await redis.command("ACL", "SETUSER", "some", ...rights, "+eval", "+hget", "+hset", "+pexpire", "+time");
    await redis.command("ACL", "SETUSER", "few", ...rights, "+eval", "+hget", "+time");
  });
  afterAll(() => redis?.stop());

  const examine = async (url: string) => {
    await doctor.use();
    const { exitCode, check, output } = await doctor.examine(
      doctor.account({ ELECTRONHUB_SHARED_WINDOW: url }),
    );
    // The account can be used without it.
    expect({ exitCode, status: check("API key").status }).toEqual({ exitCode: 0, status: "ok" });
    expectHidden(output, PASSWORD);
    return check("Shared window");
  };

  it("is described with the server's version and the time of a step", async () => {
    expect(await examine(redis.url(`:${PASSWORD}`))).toEqual({
      name: "Shared window",
      status: "ok",
      what: expect.stringMatching(
        /^(?:Redis|Valkey) \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+, \d+\.\d ms per step$/,
      ),
    });
  });

  it("is described without them for a user who may not ask for them", async () => {
    expect(await examine(redis.url(`some:${PASSWORD}`))).toMatchObject({
      status: "ok",
      what: expect.stringMatching(/^a server at 127\.0\.0\.1/),
    });
  });

  it.each<[string, (port: number) => string, RegExp, RegExp]>([
    [
      "refuses connections",
      (port) => `redis://:${PASSWORD}@127.0.0.1:${port}`,
      /refuses connections/,
      /host, port/,
    ],
    [
      "refuses the password",
      () => redis.url(":another-horse"),
      /refuses the password/,
      /user and the password/,
    ],
    [
      "forbids a command",
      () => redis.url(`few:${PASSWORD}`),
      /does not permit a command/,
      /EVAL, HGET, HSET, PEXPIRE and TIME/,
    ],
  ])("that %s is a warning with what to do", async (_, url, what, nextStep) => {
    expect(await examine(url(await freePort()))).toMatchObject({
      status: "warning",
      what: expect.stringMatching(what),
      nextStep: expect.stringMatching(nextStep),
    });
  });

  it("that may be evicted is a warning", async () => {
    await redis.command("CONFIG", "SET", "maxmemory", "100mb");
    await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    expect(await examine(redis.url(`:${PASSWORD}`))).toMatchObject({
      status: "warning",
      what: expect.stringMatching(/allkeys-lru it may drop the window/),
      nextStep: expect.stringMatching(/noeviction/),
    });
    await redis.command("CONFIG", "SET", "maxmemory", "0");
  });

  it("that is full or a replica is a warning", async () => {
    await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    expect((await examine(redis.url(`:${PASSWORD}`))).what).toMatch(/has no memory left/);
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await redis.command("REPLICAOF", "127.0.0.1", "9");
    expect((await examine(redis.url(`:${PASSWORD}`))).what).toMatch(/replica/);
  });

  it("with a password in clear is a warning about the stack", async () => {
    await doctor.use();
    await doctor.project.pulumi(["stack", "init", "clear"]);
    const url = `redis://:${PASSWORD}@127.0.0.1:${await freePort()}`;
    const set = (...args: string[]) => doctor.project.pulumi(["config", "set", "--stack", "clear", ...args]);
    await set("--plaintext", "electronhub:sharedWindow", url);
    const { check, output } = await doctor.examine(doctor.account(), ["--stack", "clear"]);
    expect(check("Stack")).toMatchObject({
      status: "warning",
      what: "the password of the shared window of clear is not encrypted",
      nextStep: expect.stringMatching(/config set electronhub:sharedWindow --secret/),
    });
    expect(check("Shared window").status).toBe("warning");
    expectHidden(output, PASSWORD);
  });
});
