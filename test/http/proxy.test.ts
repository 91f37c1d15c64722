import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { selfSigned } from "../support/certificate";

const TSX = join(__dirname, "../../node_modules/tsx/dist/cli.mjs");
const SCRIPT = require.resolve("./proxyRequest.ts");

/** A name that no resolver knows: only a proxy gets there. */
const HOST = "api.electronhub.test";
const AUTHORIZATION = "Bearer ek-only-for-the-api";

let api: Server;
let proxy: HttpServer;
let folder: string;
const ports = { api: 0, plain: 0, proxy: 0 };
/** What the API was asked, and what the proxy was asked and could read. */
const atApi: string[] = [];
const atProxy = { asked: [] as string[], headers: [] as string[], bytes: "" };
let plain: HttpServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "proxy-"));
  const { key, cert } = selfSigned([HOST]);
  await writeFile(join(folder, "ca.pem"), cert);
  api = createHttpsServer({ key, cert }, (request, response) => {
    atApi.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.end("from the api");
  });
  plain = createHttpServer((_, response) => response.end("from loopback"));
  proxy = createHttpServer((request, response) => {
    noteRequest(request);
    response.writeHead(502).end();
  });
  // A proxy resolves any name, and sees requests in clear.
  proxy.on("connect", (request: IncomingMessage, socket, head: Buffer) => {
    noteRequest(request);
    const upstream = connect(ports.api, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      socket.on("data", (bytes: Buffer) => (atProxy.bytes += bytes.toString("latin1")));
      socket.pipe(upstream).pipe(socket);
    });
    for (const side of [socket, upstream])
      side.on("error", () => [socket, upstream].map((one) => one.destroy()));
  });
  ports.api = await listen(api);
  ports.plain = await listen(plain);
  ports.proxy = await listen(proxy);
});
beforeEach(() => {
  atApi.length = 0;
  Object.assign(atProxy, { asked: [], headers: [], bytes: "" });
});
afterAll(async () => {
  for (const server of [api, plain, proxy]) server.close();
  await rm(folder, { recursive: true, force: true });
});

function noteRequest(request: IncomingMessage): void {
  atProxy.asked.push(`${request.method} ${request.url}`);
  atProxy.headers.push(...request.rawHeaders);
}

const apiUrl = `https://${HOST}/v1/auth/proxy/remove`;

/** Sends one request to each address in a process with that environment, and what came of each. */
async function send(environment: Record<string, string>, ...urls: string[]) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^((https?|all|no)_proxy|node_.*|vitest.*)$/i.test(name),
  );
  const { stdout } = await promisify(execFile)(process.execPath, [TSX, SCRIPT, ...urls], {
    env: { ...Object.fromEntries(inherited), ...environment },
  });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const trusted = () => ({ NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") });
const throughProxy = () => `http://127.0.0.1:${ports.proxy}`;

describe("with a proxy in the environment", () => {
  it.each(["HTTPS_PROXY", "https_proxy"])(
    "%s carries the request in a tunnel that it cannot read",
    async (name) => {
      const [answer] = await send({ ...trusted(), [name]: throughProxy() }, apiUrl);
      expect(answer).toMatchObject({ status: 200, body: "from the api" });
      expect(atApi).toEqual([`POST /v1/auth/proxy/remove ${AUTHORIZATION}`]);
      expect(atProxy.asked).toEqual([`CONNECT ${HOST}:443`]);
      expect(atProxy.headers.join("\n")).not.toMatch(/authorization|ek-only/i);
      expect(atProxy.bytes.length).toBeGreaterThan(100);
      expect(atProxy.bytes).not.toMatch(/ek-only|only for the api|auth\/proxy/);
    },
  );

  it("is reached by an address without a scheme, and an empty variable counts as unset", async () => {
    const bare = `127.0.0.1:${ports.proxy}`;
    const [answer] = await send({ ...trusted(), https_proxy: "", HTTPS_PROXY: bare, NO_PROXY: "" }, apiUrl);
    expect(answer).toMatchObject({ status: 200, body: "from the api" });
    expect(atProxy.asked).toEqual([`CONNECT ${HOST}:443`]);
  });

  it("an address that is none is an error that names the variable", async () => {
    const [answer] = await send({ HTTPS_PROXY: "http://ann:s3cret@" }, apiUrl);
    expect(answer).toEqual({
      why: "The environment variable HTTPS_PROXY is not the address of a proxy.",
      nextStep: expect.stringContaining("http://HOST:PORT"),
    });
  });

  it("loopback never goes through it, under any name; other plain http would", async () => {
    const environment = {
      HTTP_PROXY: throughProxy(),
      HTTPS_PROXY: throughProxy(),
      http_proxy: throughProxy(),
    };
    const loopback = [`http://127.0.0.1:${ports.plain}/v1`, `http://localhost:${ports.plain}/v1`];
    const answers = await send(environment, ...loopback);
    expect(answers).toMatchObject([{ body: "from loopback" }, { body: "from loopback" }]);
    expect(atProxy.asked).toEqual([]);
  });

  it.each([HOST, ".electronhub.test", "*"])("NO_PROXY=%s goes past it", async (noProxy) => {
    const environment = { ...trusted(), HTTPS_PROXY: throughProxy(), NO_PROXY: noProxy };
    const [answer] = await send(environment, apiUrl);
    expect(answer?.["why"]).toMatch(new RegExp(`^${HOST} could not be reached: the host name .*resolve`));
    expect(answer?.["nextStep"]).toMatch(/proxy settings/);
    expect([atProxy.asked, atApi]).toEqual([[], []]);
  });

  it("an untrusted certificate ends it before the API key is sent, and says what to set", async () => {
    const [answer] = await send({ HTTPS_PROXY: throughProxy() }, apiUrl);
    expect(answer).toEqual({
      why: expect.stringMatching(
        /^The TLS certificate of api\.electronhub\.test was not accepted \([A-Z_]+\)\.$/,
      ),
      nextStep: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
    expect(atApi).toEqual([]);
  });

  it("a proxy that refuses, or is not there, is an error that names the proxy settings", async () => {
    const refusing = createHttpServer().on("connect", (_, socket) => socket.end("HTTP/1.1 407 No\r\n\r\n"));
    const port = await listen(refusing);
    const [refused] = await send({ ...trusted(), HTTPS_PROXY: `http://127.0.0.1:${port}` }, apiUrl);
    refusing.close();
    const [absent] = await send({ ...trusted(), HTTPS_PROXY: "http://127.0.0.1:9" }, apiUrl);
    for (const answer of [refused, absent]) {
      expect(answer?.["why"]).toMatch(/could not be reached|connection to \S+ failed: .*a proxy refuses it/);
      expect(answer?.["nextStep"]).toMatch(/proxy settings/);
    }
    expect(atApi).toEqual([]);
  });
});

it("without one the name is looked up here", async () => {
  const [answer] = await send(trusted(), apiUrl);
  expect(answer?.["why"]).toMatch(/could not be reached: the host name .*resolve/);
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}
