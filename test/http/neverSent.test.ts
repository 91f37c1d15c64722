import { channel } from "node:diagnostics_channel";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connectionError, createTransport, type Transport } from "../../provider/api/transport";
import { selfSigned } from "../support/certificate";
import { rejection } from "./fixture";

/* Whether a request may have reached the server decides whether a key is created twice. */

const open: { server: Server; sockets: Set<Socket>; transport: Transport }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const { server, sockets, transport } of open.splice(0)) {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Listening {
  port: number;
  /** Sends a creation. */
  create: () => Promise<unknown>;
  sockets: Set<Socket>;
}

async function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const transport = createTransport();
  open.push({ server, sockets, transport });
  const { port } = server.address() as AddressInfo;
  const url = new URL(`https://127.0.0.1:${port}/v1/auth/proxy/create`);
  const headers = { "content-type": "application/json" };
  return { port, create: () => transport.send({ method: "POST", url, headers, body: "{}" }), sockets };
}

/** Answers so many requests over TLS; after the next one the client gets what is no TLS record, and no more. */
async function garbledAfter(answered: number) {
  let requests = 0;
  const server = createTlsServer(selfSigned(["127.0.0.1"]), (socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (!data.toString().includes("/auth/proxy/create")) return;
      requests++;
      if (requests <= answered) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      else for (const client of relay.sockets) client.end(GARBAGE);
    });
  });
  const { port } = await listen(server);
  const relay = await listen(
    createServer((client) => {
      const upstream = connect(port, "127.0.0.1");
      upstream.on("error", () => {});
      client.pipe(upstream).pipe(client);
    }),
  );
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  return { ...relay, requests: () => requests };
}

/** A record of application data that does not decrypt. */
const GARBAGE = Buffer.concat([Buffer.from([0x17, 3, 3, 0, 32]), Buffer.alloc(32, 7)]);

describe("a request may have been sent", () => {
  it.each([0, 1])(
    "when TLS breaks after it, the connection's request %#",
    { timeout: 10_000 },
    async (answered) => {
      const { create, requests, sockets } = await garbledAfter(answered);
      for (let count = 0; count < answered; count++) {
        await create();
        // By then the connection is free for the next one.
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await rejection(create())).toMatchObject({
        name: "ConnectionError",
        maybeSent: true,
        outcomeUnknown: true,
        why: expect.stringMatching(/^The connection to 127\.0\.0\.1:\d+ failed: /),
      });
      expect([requests(), sockets.size]).toEqual([answered + 1, 1]);
    },
  );

  it.each([
    ["EHOSTUNREACH", "read"],
    ["ENETUNREACH", "write"],
    ["ETIMEDOUT", "read"],
    ["ECONNREFUSED", "read"],
    ["EPROTO", "write"],
    ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", undefined],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", undefined],
  ])("when %s comes from a connection in use, and not when it could not be made", (code, syscall) => {
    const url = new URL("https://api.example/v1");
    const failed = () => Object.assign(new Error("failed"), { code, syscall });
    const inUse = connectionError(failed(), url);
    expect(inUse).toMatchObject({
      maybeSent: true,
      why: expect.stringMatching(/^The connection to api\.ex/),
    });
    const refused = failed();
    channel("undici:client:connectError").publish({ error: refused });
    expect(connectionError(refused, url)).toMatchObject({ maybeSent: false });
    expect(connectionError(new Error("wrapped", { cause: refused }), url)).toMatchObject({
      maybeSent: false,
    });
  });
});

describe("a request was never sent", () => {
  it("when the certificate is not accepted", async () => {
    const { create } = await listen(createTlsServer(selfSigned(["127.0.0.1"])));
    expect(await rejection(create())).toMatchObject({
      maybeSent: false,
      why: expect.stringMatching(/^The TLS certificate of 127\.0\.0\.1:\d+ was not accepted/),
      nextStep: expect.stringMatching(/NODE_EXTRA_CA_CERTS/),
    });
  });

  it.each([
    ["answers with what is no TLS", (socket: Socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["hangs up", (socket: Socket) => socket.destroy()],
  ])("when the server %s in the handshake", async (_, answer) => {
    const { create } = await listen(createServer((socket) => socket.once("data", () => answer(socket))));
    expect(await rejection(create())).toMatchObject({
      maybeSent: false,
      outcomeUnknown: false,
      why: expect.stringMatching(/^127\.0\.0\.1:\d+ could not be reached: /),
    });
  });
});
