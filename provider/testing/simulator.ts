import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AccountOptions, SimulatedAccount } from "./simulatedAccount";
import { DEFAULT_DIALECT, type Dialect } from "./simulatedResponse";
import { BASE_PATH } from "./receivedRequest";
import { type SimulatedClock, realClock } from "./simulatedClock";
import { Faults, type FaultSpec, type InjectedFault } from "./faults";
import { RequestJournal, type JournalEntry, type Violation } from "./requestJournal";
import { AccountModel } from "./accountModel";
import { Service } from "./service";

export interface SimulatorOptions {
  /** The source of time. Default: the clock of the machine. */
  readonly clock?: SimulatedClock;
  /** The TCP port. Default: 0, any free port. */
  readonly port?: number;
  /** The API's behaviour in unproven points. Default: `DEFAULT_DIALECT`. */
  readonly dialect?: Partial<Dialect>;
  /** The accounts. Default: one account named "main", without a rate limit. */
  readonly accounts?: readonly AccountOptions[];
}

/** A running simulator of the Electron Hub API, on the loopback interface only. */
export interface Simulator {
  /** The base URL of the API, such as "http://127.0.0.1:41234/v1". */
  readonly baseUrl: string;
  /** The source of time. */
  readonly clock: SimulatedClock;
  /** The API's behaviour in unproven points. Mutable: a change applies from the next response on. */
  readonly dialect: Dialect;
  /** Returns an account. Default: the first one. @throws if there is no account of this name. */
  account(name?: string): SimulatedAccount;
  /** Adds an account. @throws if its name or API key is in use. */
  addAccount(options: AccountOptions): SimulatedAccount;
  /** All requests since the start or the last `clearJournal()`, in order of arrival. */
  readonly journal: readonly JournalEntry[];
  /** Method and path of each request in the journal, such as "POST /auth/proxy/create". */
  requests(): string[];
  /** Clears the journal and the violations. */
  clearJournal(): void;
  /** Requests that no client may send. A good test expects none at its end. */
  readonly violations: readonly Violation[];
  /** Injects a fault into the next matching requests. */
  inject(fault: FaultSpec): InjectedFault;
  /** Removes all faults and releases the requests that they hold. */
  clearFaults(): void;
  /** Stops the simulator and closes all connections, including those that hang. */
  close(): Promise<void>;
}

/**
 * Starts a simulator of the Electron Hub API.
 *
 * @example
 * const simulator = await startSimulator();
 * // Run the code under test with simulator.baseUrl and simulator.account().apiKey.
 * await simulator.close();
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new HttpSimulator(options);
  await simulator.listen(options.port ?? 0);
  return simulator;
}

class HttpSimulator implements Simulator {
  baseUrl = "";
  readonly clock: SimulatedClock;
  readonly dialect: Dialect;
  readonly #accounts: AccountModel[] = [];
  readonly #journal = new RequestJournal();
  readonly #faults = new Faults();
  readonly #closing = new AbortController();
  readonly #service: Service;
  readonly #server: Server;

  constructor(options: SimulatorOptions) {
    this.clock = options.clock ?? realClock;
    this.dialect = { ...DEFAULT_DIALECT, ...options.dialect };
    for (const account of options.accounts ?? [{ name: "main" }]) this.addAccount(account);
    this.#service = new Service({
      clock: this.clock,
      dialect: this.dialect,
      accounts: this.#accounts,
      journal: this.#journal,
      faults: this.#faults,
      closing: this.#closing.signal,
    });
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get journal(): readonly JournalEntry[] {
    return this.#journal.entries;
  }

  get violations(): readonly Violation[] {
    return this.#journal.violations;
  }

  account(name?: string): SimulatedAccount {
    const found =
      name === undefined ? this.#accounts[0] : this.#accounts.find((account) => account.name === name);
    if (found !== undefined) return found;
    const known = this.#accounts.map((account) => `"${account.name}"`).join(", ") || "none";
    throw new Error(
      name === undefined
        ? "The simulator has no account."
        : `The simulator has no account "${name}", only: ${known}.`,
    );
  }

  addAccount(options: AccountOptions): SimulatedAccount {
    if (this.#accounts.some(({ name }) => name === options.name)) {
      throw new Error(`The simulator already has an account "${options.name}".`);
    }
    const account = new AccountModel(options, this.clock);
    if (this.#accounts.some(({ apiKey }) => apiKey === account.apiKey)) {
      throw new Error(`Another account already has the API key of "${options.name}".`);
    }
    this.#accounts.push(account);
    return account;
  }

  requests(): string[] {
    return this.journal.map(({ method, path }) => `${method} ${path}`);
  }

  clearJournal(): void {
    this.#journal.clear();
  }

  inject(fault: FaultSpec): InjectedFault {
    return this.#faults.inject(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", resolve);
    });
    this.baseUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${BASE_PATH}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#closing.abort(new Error("The simulator is closed."));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#service.serve(request, response);
    } catch (error) {
      // The client has closed the connection, or the simulator is closing: no response can be sent.
      if (this.#closing.signal.aborted || request.destroyed || response.headersSent) request.socket.destroy();
      else
        response
          .writeHead(500, { "content-type": "text/plain" })
          .end(`The simulator failed: ${String(error)}`);
    }
  }
}
