import type { RedisAddress } from "./redisAddress";
import { isClosed, redisError, TimedOut } from "./redisError";

type Module = typeof import("@redis/client");
type Client = ReturnType<Module["createClient"]>;

export interface RedisTimeouts {
  /** Until a connection counts as failed, login included, in milliseconds. Default: 2,000. */
  connectMs?: number;
  /** Until a command counts as failed, in milliseconds. Default: 1,000. */
  commandMs?: number;
}

/**
 * A connection to a Redis or Valkey server, made by the first command. One that was closed is made again: servers close
 * idle ones. Between commands it does not keep the process alive.
 */
export class RedisConnection {
  readonly #address: RedisAddress;
  readonly #timeouts: Required<RedisTimeouts>;
  #client: Client | undefined;

  constructor(address: RedisAddress, { connectMs = 2_000, commandMs = 1_000 }: RedisTimeouts = {}) {
    this.#address = address;
    this.#timeouts = { connectMs, commandMs };
  }

  /**
   * Sends one command, and returns the server's reply. Commands must not overlap. One whose connection closes before the
   * reply is sent again on another one, so the server may have run it already.
   *
   * @throws SharedWindowError when the server does not accept or answer it in time. The connection is closed then.
   */
  async send(command: readonly string[]): Promise<unknown> {
    try {
      const client = this.#client;
      if (client?.isReady !== true) return await this.#sendOn(await this.#connect(), command);
      try {
        return await this.#sendOn(client, command);
      } catch (error) {
        if (!isClosed(error)) throw error;
        return await this.#sendOn(await this.#connect(), command);
      }
    } catch (error) {
      this.close();
      throw redisError(error, this.#address);
    }
  }

  async #sendOn(client: Client, command: readonly string[]): Promise<unknown> {
    client.ref();
    const reply = await within(this.#timeouts.commandMs, client.sendCommand(command));
    client.unref();
    return reply;
  }

  /** Closes the connection at once. The next command makes another one. */
  close(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  async #connect(): Promise<Client> {
    this.close();
    const { connectMs } = this.#timeouts;
    const { createClient } = await import("@redis/client");
    const { host, port, isTls, username, password, database } = this.#address;
    const client = createClient({
      // Needs no permission to say which version of the protocol it speaks.
      RESP: 2,
      disableClientInfo: true,
      maintNotifications: "disabled",
      disableOfflineQueue: true,
      database,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      socket: {
        host,
        port,
        ...(isTls ? { tls: true as const } : {}),
        connectTimeout: connectMs,
        reconnectStrategy: false,
      },
    }) as Client;
    this.#client = client;
    // A failure rejects the command, or is noticed before the next one.
    client.on("error", () => {});
    await within(connectMs, client.connect());
    return client;
  }
}

/** @throws TimedOut when the outcome takes longer. */
async function within<T>(limitMs: number, outcome: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(limitMs)), limitMs);
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}
