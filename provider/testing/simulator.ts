import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AccountOptions, SimulatedAccount } from "./account";
import { DEFAULT_DIALECT, type Dialect } from "./answers";
import { BASE_PATH } from "./call";
import { type Clock, systemClock } from "./clock";
import { Faults, type FaultSpec, type InjectedFault } from "./faults";
import { Journal, type JournalEntry, type Violation } from "./journal";
import { AccountModel } from "./accountModel";
import { Service } from "./service";

export interface SimulatorOptions {
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: 0, any free port. */
  readonly port?: number;
  /** Where the API's behaviour is unproven. Default: `DEFAULT_DIALECT`. */
  readonly dialect?: Partial<Dialect>;
  /** Default: one account, "main". */
  readonly accounts?: readonly AccountOptions[];
}

/** A running simulator of the Electron Hub API, on the loopback interface only. */
export interface Simulator {
  /** For example "http://127.0.0.1:41234/v1". */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** Mutable: what is changed holds from the next answer on. */
  readonly dialect: Dialect;
  /** An account by its name. Default: the first one. @throws when there is no such account. */
  account(name?: string): SimulatedAccount;
  addAccount(options: AccountOptions): SimulatedAccount;
  /** Every request since the start or the last `clearJournal()`, in order of arrival. */
  readonly journal: readonly JournalEntry[];
  /** The journal in short: "POST /auth/proxy/create". */
  requests(): string[];
  /** Forgets requests and violations. */
  clearJournal(): void;
  /** What no client may do; a good test ends by expecting none. */
  readonly violations: readonly Violation[];
  inject(fault: FaultSpec): InjectedFault;
  /** Removes every fault and releases what they hold. */
  clearFaults(): void;
  /** Stops listening and ends every connection, those that hang included. */
  close(): Promise<void>;
}

/**
 * Starts a simulator of the Electron Hub API.
 *
 * @example
 * const simulator = await startSimulator();
 * // point the code under test at simulator.baseUrl with simulator.account().apiKey
 * await simulator.close();
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const world = new World(options);
  await world.listen(options.port ?? 0);
  return world;
}

class World implements Simulator {
  baseUrl = "";
  readonly clock: Clock;
  readonly dialect: Dialect;
  readonly #accounts: AccountModel[] = [];
  readonly #journal = new Journal();
  readonly #faults = new Faults();
  readonly #closing = new AbortController();
  readonly #service: Service;
  readonly #server: Server;

  constructor(options: SimulatorOptions) {
    this.clock = options.clock ?? systemClock;
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
      name === undefined ? "The simulator has no account." : `No account "${name}"; there is: ${known}.`,
    );
  }

  addAccount(options: AccountOptions): SimulatedAccount {
    if (this.#accounts.some(({ name }) => name === options.name)) {
      throw new Error(`There is an account "${options.name}" already.`);
    }
    const account = new AccountModel(options, this.clock);
    if (this.#accounts.some(({ apiKey }) => apiKey === account.apiKey)) {
      throw new Error(`The account "${options.name}" would share the API key of another account.`);
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
      // A client that went away in the middle, or the close: nobody is there to be told.
      if (this.#closing.signal.aborted || request.destroyed || response.headersSent) request.socket.destroy();
      else
        response
          .writeHead(500, { "content-type": "text/plain" })
          .end(`The simulator failed: ${String(error)}`);
    }
  }
}
