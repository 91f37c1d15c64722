import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createClient } from "@redis/client";
import type { SelfSigned } from "./certificate";
import { startCommand, type RunningCommand } from "./command";
import { freePort } from "./freePort";

/** A Redis or Valkey server for one test, in its own folder. */
export interface RedisServer {
  readonly port: number;
  /** @param login such as `user:password`, or `:password`. Default: none. */
  url(login?: string): string;
  /** Sends a command without a password, on a connection that stays open when the password changes. */
  command(...command: readonly string[]): Promise<unknown>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** With it, the server speaks TLS. */
  tls?: SelfSigned;
}

/** Why tests that need a server are skipped. Empty: they are not. Where the checks of a change run, none is. */
export const withoutRedis =
  redisProgram() === undefined && process.env["PULUMI_ELECTRONHUB_REQUIRE_REDIS"] !== "1"
    ? " (skipped: no redis-server or valkey-server on PATH)"
    : "";

/** Number of attempts: another process may take the port before the server listens. */
const START_ATTEMPTS = 3;

/**
 * Starts a server on the loopback interface that keeps its data in memory.
 *
 * @throws when none is installed, or it does not start.
 */
export async function startRedis({ tls }: RedisOptions = {}): Promise<RedisServer> {
  const program = redisProgram();
  if (program === undefined) throw new Error("Neither redis-server nor valkey-server is on PATH.");
  const folder = await mkdtemp(join(tmpdir(), "redis-"));
  try {
    if (tls !== undefined) {
      await writeFile(join(folder, "key.pem"), tls.key, { mode: 0o600 });
      await writeFile(join(folder, "cert.pem"), tls.cert);
    }
    const { server, port } = await listen(program, folder, tls !== undefined);
    return await administered({ server, port, folder, tls });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function redisProgram(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return ["redis-server", "valkey-server"]
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

async function listen(
  program: string,
  folder: string,
  isTls: boolean,
): Promise<{ server: RunningCommand; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const ports = isTls
      ? ["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no"]
      : ["--port", String(port)];
    const certificate = isTls ? ["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"] : [];
    const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
    const server = startCommand(program, [...ports, ...settings, ...certificate], {
      cwd: folder,
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
    });
    try {
      await server.waitForOutput(/eady to accept connections/);
      return { server, port };
    } catch (error) {
      if (attempt >= START_ATTEMPTS || !server.output().includes("in use")) throw error;
    }
  }
}

interface Started {
  server: RunningCommand;
  port: number;
  folder: string;
  tls: SelfSigned | undefined;
}

async function administered({ server, port, folder, tls }: Started): Promise<RedisServer> {
  const socket = { host: "127.0.0.1", port, reconnectStrategy: false as const };
  const admin = createClient({
    RESP: 2,
    socket: tls === undefined ? socket : { ...socket, tls: true, ca: tls.cert },
  });
  admin.on("error", () => {});
  await admin.connect();
  return {
    port,
    url: (login) =>
      `${tls === undefined ? "redis" : "rediss"}://${login === undefined ? "" : `${login}@`}127.0.0.1:${port}`,
    command: (...command) => admin.sendCommand([...command]),
    signal: (signal) => void server.child.kill(signal),
    stop: async () => {
      admin.destroy();
      // Also ends a server that is paused.
      server.child.kill("SIGKILL");
      await server.done;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
