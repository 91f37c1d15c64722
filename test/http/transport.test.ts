import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { edgePage, hugeJson, malformedJson, redirectTo } from "../../provider/testing";
import { MAX_IN_FLIGHT_MS } from "../../provider/api/rateLimit/rateWindow";
import { EXCHANGE_TIMEOUT_MS, isLoopback } from "../../provider/api/transport";
import { createFixture, rejection, sent, type Fixture } from "./fixture";

async function listOnce(fixture: Fixture) {
  const { transport, simulator } = fixture;
  return transport.send({
    method: "GET",
    url: new URL(`${simulator.baseUrl}/auth/proxy`),
    headers: { authorization: `Bearer ${simulator.account().apiKey}` },
  });
}

describe("one request, one answer", () => {
  it("gives status, headers in lower case and the body as text, for every response", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ ...edgePage(503), headers: { "X-Odd": "1" } });
    await expect(listOnce(fixture)).resolves.toMatchObject({
      status: 503,
      headers: { "x-odd": "1", "content-type": expect.stringContaining("text/html") },
      body: expect.stringMatching(/^<!DOCTYPE html>/),
    });
    fixture.simulator.inject(malformedJson());
    await expect(listOnce(fixture)).resolves.toMatchObject({ body: '{"message":"Proxy key' });
  });

  it.each([301, 302, 303, 307, 308] as const)("does not follow a %d", async (status) => {
    const fixture = await createFixture();
    const elsewhere = await createFixture();
    fixture.simulator.inject(redirectTo(`${elsewhere.simulator.baseUrl}/auth/proxy`, status));
    await expect(listOnce(fixture)).resolves.toMatchObject({ status });
    expect([sent(fixture).length, sent(elsewhere).length]).toEqual([1, 0]);
  });

  it("takes a body up to the cap and none beyond", async () => {
    const fixture = await createFixture({ transport: { maxBodyBytes: 1_000 } });
    fixture.simulator.inject(hugeJson(1_000));
    await expect(listOnce(fixture)).resolves.toMatchObject({ status: 200 });
    fixture.simulator.inject(hugeJson(1_001));
    await expect(listOnce(fixture)).rejects.toMatchObject({
      name: "ConnectionError",
      retryable: false,
      maybeSent: true,
      why: expect.stringMatching(/far longer than the API's responses/),
    });
  });
});

describe("no whole answer", () => {
  it.each(["before", "after", "midBody"] as const)("cut %s: it may have been sent", async (cut) => {
    const fixture = await createFixture();
    fixture.simulator.account().addKey({ name: "a" });
    fixture.simulator.inject({ cut });
    await expect(listOnce(fixture)).rejects.toMatchObject({
      name: "ConnectionError",
      retryable: true,
      maybeSent: true,
      outcomeUnknown: true,
      nextStep: expect.stringMatching(/proxy settings and electronhub:baseUrl/),
    });
    expect(sent(fixture)).toEqual(["list"]);
  });

  it("never answered: it may have been sent", async () => {
    const fixture = await createFixture({ transport: { responseTimeoutMs: 50 } });
    fixture.simulator.inject({ hang: true });
    await expect(listOnce(fixture)).rejects.toMatchObject({
      name: "ConnectionError",
      maybeSent: true,
      why: expect.stringMatching(/no response came in time \(UND_ERR_HEADERS_TIMEOUT\)/),
    });
  });

  it.each(["headers", "body"])("that drips in its %s: it may have been sent", async (part) => {
    const { url, close } = await dripping(part === "headers" ? "HTTP/1.1 200 OK\r\nx-a: " : HEAD);
    const { transport } = await createFixture({ transport: { exchangeTimeoutMs: 100 } });
    try {
      await expect(transport.send({ method: "GET", url, headers: {} })).rejects.toMatchObject({
        name: "ConnectionError",
        retryable: true,
        maybeSent: true,
        outcomeUnknown: true,
        why: expect.stringMatching(/the response did not end in time \(RESPONSE_TOO_SLOW\)/),
      });
    } finally {
      await close();
    }
  });

  it("is never waited for until the rate limiter counts the request as over", () => {
    expect(EXCHANGE_TIMEOUT_MS).toBeLessThan(MAX_IN_FLIGHT_MS);
  });

  it("refused: it was not sent", async () => {
    const { transport } = await createFixture();
    const url = new URL(`http://127.0.0.1:${await freePort()}/v1/auth/proxy`);
    const error = await rejection(transport.send({ method: "GET", url, headers: {} }));
    expect(error).toMatchObject({
      name: "ConnectionError",
      retryable: true,
      maybeSent: false,
      outcomeUnknown: false,
      why: `${url.host} could not be reached: the connection was refused (ECONNREFUSED).`,
    });
  });

  it("an abort: the signal's reason", async () => {
    const { transport, simulator } = await createFixture();
    const fault = simulator.inject({ hang: true });
    const abort = new AbortController();
    const url = new URL(`${simulator.baseUrl}/auth/proxy`);
    const answer = transport.send({ method: "GET", url, headers: {} }, abort.signal);
    const failed = rejection(answer);
    await fault.reached();
    abort.abort(new Error("the caller aborted"));
    expect((await failed).message).toBe("the caller aborted");
  });
});

it.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["[::1]", true],
  ["127.0.0.1.example.com", false],
  ["localhost.example.com", false],
  ["10.0.0.1", false],
  ["0.0.0.0", false],
  ["api.electronhub.ai", false],
])("isLoopback(%s) is %s", (hostname, loopback) => {
  expect(isLoopback(hostname)).toBe(loopback);
});

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";

/** A server whose responses begin as said, and go on one byte at a time until the client hangs up. */
async function dripping(head: string) {
  const server = createServer((socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write("a"), 5);
    socket.on("error", () => {});
    socket.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: new URL(`http://127.0.0.1:${port}/v1/auth/proxy`), close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
