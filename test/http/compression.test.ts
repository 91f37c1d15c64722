import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createTransport } from "../../provider/api/transport";
import { createFixture, sent, type Fixture } from "./fixture";

type Encoder = (body: Buffer) => Buffer;

const twice: Encoder = (body) => gzipSync(gzipSync(body));

const CODINGS: [string, Encoder][] = [
  ["gzip", gzipSync],
  ["GZIP", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["identity", (body) => body],
  ["constructor", (body) => body],
  ["gzip, gzip", twice],
  ["gzip, br", (body) => brotliCompressSync(gzipSync(body))],
];

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers with this body. */
async function serve(respond: (path: string, body: string) => Promise<Answer>): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const {
        status = 200,
        headers,
        body,
      } = await respond(
        JSON.stringify([request.method, request.url, request.headers]),
        Buffer.concat(parts).toString("utf8"),
      );
      response.writeHead(status, headers).end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Answer {
  status?: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** A proxy that compresses every response of a fixture's simulator, although no request accepts that. */
function compressing(target: () => Fixture, coding: string, encode: Encoder): Promise<string> {
  return serve(async (head, body) => {
    const [method, url, { authorization = "" }] = JSON.parse(head) as [
      string,
      string,
      Record<string, string>,
    ];
    const response = await fetch(new URL(url, target().simulator.baseUrl), {
      method,
      headers: { authorization, ...(body === "" ? {} : { "content-type": "application/json" }) },
      ...(body === "" ? {} : { body }),
    });
    return {
      status: response.status,
      headers: { "content-type": "application/json", "content-encoding": coding },
      body: encode(Buffer.from(await response.arrayBuffer())),
    };
  });
}

describe("responses that a proxy compresses", () => {
  it.each(CODINGS)("as %s: a key is created, read and removed as usual", async (coding, encode) => {
    let fixture: Fixture | undefined;
    const origin = await compressing(() => fixture as Fixture, coding, encode);
    fixture = await createFixture({ environment: { ELECTRONHUB_BASE_URL: `${origin}/v1` } });
    const { id, state } = await fixture.existing();
    expect(fixture.simulator.account().keys()).toMatchObject([{ key: state.key }]);
    expect((await fixture.lifecycle.read(id, state)).props).toMatchObject({ key: state.key });
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["list", "remove"]);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it("a refusal is read as well", async () => {
    let fixture: Fixture | undefined;
    const origin = await compressing(() => fixture as Fixture, "gzip", gzipSync);
    const environment = { ELECTRONHUB_BASE_URL: `${origin}/v1`, ELECTRONHUB_API_KEY: "ek-of-no-account" };
    fixture = await createFixture({ environment });
    await expect(fixture.existing()).rejects.toThrow(/does not accept this API key \(HTTP 401: "/);
  });
});

describe("the body of a response", () => {
  const text = JSON.stringify({ message: "fine" });

  async function received(coding: string, body: Buffer, maxBodyBytes = 1_000): Promise<string> {
    const url = new URL(await serve(async () => ({ headers: { "content-encoding": coding }, body })));
    const transport = createTransport({ maxBodyBytes });
    closing.push(() => void transport.close());
    return (await transport.send({ method: "GET", url, headers: {} })).body;
  }

  it.each(["gzip", "br", "zstd", "deflate", "compress", ""])(
    "is taken as it is if it is not the %s that its header says",
    async (coding) => {
      expect(await received(coding, Buffer.from(text))).toBe(text);
    },
  );

  it("that breaks off, or has an unknown coding, is no JSON", async () => {
    expect(await received("gzip", gzipSync(text).subarray(0, 20))).not.toContain("fine");
    expect(await received("dcb", gzipSync(text))).not.toContain("fine");
  });

  it.each(CODINGS)("is never decoded beyond the cap: %s", async (coding, encode) => {
    await expect(received(coding, encode(Buffer.alloc(1_001)))).rejects.toMatchObject({
      name: "ConnectionError",
      retryable: false,
      why: expect.stringMatching(/far longer than the API's/),
    });
  });
});
