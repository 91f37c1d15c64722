import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { engineAt, watchEngine } from "../../../../provider/lifecycle/run/engineLiveness";

describe("engineLinkTo", () => {
  it.each([
    undefined,
    "",
    "127.0.0.1",
    ":4000",
    "127.0.0.1:",
    "127.0.0.1:port",
    "127.0.0.1:123456",
    "run",
    "--config",
    "/a/path:with",
  ])("%j is no address of an engine", (argument) => {
    expect(engineAt(argument)).toBeUndefined();
  });

  it.each(["127.0.0.1:PORT", "http://127.0.0.1:PORT", "localhost:PORT"])(
    "%s is alive while a server listens there",
    async (address) => {
      const { server, port } = await listen();
      const link = engineAt(address.replace("PORT", String(port)));
      expect(await link?.isAlive()).toBe(true);
      expect(await link?.isAlive()).toBe(true);
      await close(server);
      expect(await link?.isAlive()).toBe(false);
    },
  );

  it("takes an IPv6 address in brackets, and an unreachable one does not answer", async () => {
    expect(await engineAt("[::1]:9")?.isAlive()).toBe(false);
  });
});

describe("watchEngine", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Watches an engine that answers as listed, and afterwards like the last time. */
  function watch(...answers: boolean[]) {
    vi.useFakeTimers();
    const last = answers.at(-1) ?? true;
    const engine = { isAlive: vi.fn<() => Promise<boolean>>(() => Promise.resolve(answers.shift() ?? last)) };
    const onGone = vi.fn<() => void>();
    const watching = watchEngine({ engine, onGone, intervalMs: 1_000 });
    return { engine, onGone, watching };
  }

  it("says that it is gone after two misses in a row, once", async () => {
    const { engine, onGone } = watch(true, false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(onGone).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onGone).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(engine.isAlive).toHaveBeenCalledTimes(3);
  });

  it("forgives a single miss, however often", async () => {
    const { onGone } = watch(false, true, false, true, false, true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onGone).not.toHaveBeenCalled();
  });

  it("looks every second by default, and not after it is stopped", async () => {
    vi.useFakeTimers();
    const engine = { isAlive: vi.fn<() => Promise<boolean>>(() => Promise.resolve(true)) };
    const watching = watchEngine({ engine, onGone: () => {} });
    await vi.advanceTimersByTimeAsync(999);
    expect(engine.isAlive).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_001);
    expect(engine.isAlive).toHaveBeenCalledTimes(3);
    watching.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(engine.isAlive).toHaveBeenCalledTimes(3);
  });

  it("never looks twice at once at an engine that is slow to answer", async () => {
    vi.useFakeTimers();
    const slow = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5_000));
    const engine = { isAlive: vi.fn<() => Promise<boolean>>(slow) };
    const onGone = vi.fn<() => void>();
    watchEngine({ engine, onGone });
    await vi.advanceTimersByTimeAsync(6_999);
    expect(engine.isAlive).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(onGone).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(engine.isAlive).toHaveBeenCalledTimes(2);
  });

  it("says nothing any more when it is stopped in the middle of a look", async () => {
    const { onGone, watching } = watch(false);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.advanceTimersByTime(1_000);
    watching.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onGone).not.toHaveBeenCalled();
  });
});

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as { port: number }).port };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
