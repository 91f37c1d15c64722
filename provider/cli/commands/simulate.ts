import { errorCode } from "../../util/errno";
import { quotable } from "../../util/redact";
import { fingerprintOf } from "../../lifecycle/schema/state";
import { startSimulator, type JournalEntry, type SimulatedRateLimit, type Simulator } from "../../testing";
import { EXIT, Refusal, type ExitCode } from "../problems";
import type { Terminal } from "../terminal/terminal";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface SimulateOptions {
  port: number;
  limit?: SimulatedRateLimit;
  accounts: number;
}

/** The delay between two reads of the simulator's journal. */
const LOOK_MS = 100;

/** Runs a simulator of the API until the command is stopped. */
export async function simulate(options: SimulateOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal, clock, stop } = world;
  const { limit: rateLimit } = options;
  const names = Array.from({ length: options.accounts }, (_, at) =>
    at === 0 ? "main" : `account-${at + 1}`,
  );
  const simulator = await start(options.port, names, rateLimit);
  const log = new RequestLog(simulator, names, terminal);
  try {
    showSettings(simulator, names, rateLimit, terminal);
    while (!stop.aborted) {
      log.show();
      // The stop ends the wait early.
      await clock.sleep(LOOK_MS, stop).catch(() => {});
    }
  } finally {
    await simulator.close();
  }
  log.show();
  terminal.result(log.summary());
  return EXIT.done;
}

async function start(
  port: number,
  names: readonly string[],
  rateLimit: SimulatedRateLimit | undefined,
): Promise<Simulator> {
  try {
    return await startSimulator({ port, accounts: names.map((name) => ({ name, rateLimit })) });
  } catch (error) {
    const code = errorCode(error);
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new Refusal({
      why: `Port ${port} of 127.0.0.1 ${code === "EACCES" ? "may not be used by this user" : "is in use"}.`,
      nextStep: "Name another with --port, or leave it out for any that is free.",
    });
  }
}

function showSettings(
  simulator: Simulator,
  names: readonly string[],
  rateLimit: SimulatedRateLimit | undefined,
  terminal: Terminal,
): void {
  const { baseUrl } = simulator;
  const limit =
    rateLimit === undefined
      ? "no limit"
      : `${counted(rateLimit.limit, "request")} per ${rateLimit.windowMs / 1_000} s`;
  const each = names.length === 1 ? "" : " each";
  // The name is on a line of its own: an interactive zsh does not support comments after a command.
  const apiKeyLines = (line: (apiKey: string) => string) =>
    names.map((name) => {
      const command = line(simulator.account(name).apiKey);
      return names.length === 1 ? command : `account ${name}:\n  ${command}`;
    });
  terminal.result(
    `A simulator of the Electron Hub API at ${baseUrl}, with ${counted(names.length, "account")} and ${limit}${each}.\n\nIn a shell of this machine:\n`,
    { copy: `export ELECTRONHUB_BASE_URL=${baseUrl}` },
  );
  terminal.simulatedSecret(apiKeyLines((apiKey) => `export ELECTRONHUB_API_KEY=${apiKey}`).join("\n"));
  terminal.result("\nOr for one stack:\n", { copy: `pulumi config set electronhub:baseUrl ${baseUrl}` });
  terminal.simulatedSecret(
    apiKeyLines((apiKey) => `pulumi config set --secret electronhub:apiKey ${apiKey}`).join("\n"),
  );
  terminal.result("\nCtrl-C stops the simulator and discards all keys.");
}

/** Prints a line for each request. */
class RequestLog {
  readonly #simulator: Simulator;
  readonly #accounts: readonly string[];
  readonly #terminal: Terminal;
  /** Names of all keys so far, including removed ones. */
  readonly #keyNames = new Map<string, string>();
  #requests = 0;
  #violations = 0;

  constructor(simulator: Simulator, accounts: readonly string[], terminal: Terminal) {
    this.#simulator = simulator;
    this.#accounts = accounts;
    this.#terminal = terminal;
  }

  /** Prints new requests and clears the simulator's journal: bodies contain keys, and the command may run for days. */
  show(): void {
    const { journal, violations } = this.#simulator;
    if (journal.length === 0) return;
    this.#learnNames();
    for (const entry of journal) this.#note(this.#lineOf(entry));
    for (const { kind, method, path } of violations) {
      this.#note(`violation (${kind}), a request that no client may send: ${method} ${path}`);
    }
    this.#requests += journal.length;
    this.#violations += violations.length;
    this.#simulator.clearJournal();
  }

  summary(): string {
    return `Stopped after ${counted(this.#requests, "request")}, ${counted(this.#violations, "violation")} (requests that no client may send).`;
  }

  /** A path comes from the client, so it may contain anything. */
  #note(line: string): void {
    this.#terminal.note(quotable(line, [], 500));
  }

  #learnNames(): void {
    for (const account of this.#accounts) {
      for (const { key, name } of this.#simulator.account(account).keys()) this.#keyNames.set(key, name);
    }
  }

  #lineOf({ method, path, status, account, body }: JournalEntry): string {
    const parts = [method, path, status ?? "(client gone)", account ?? "(no account)", this.#keyOf(body)];
    return parts.filter((part) => part !== undefined).join(" ");
  }

  /** The name of the key in the body, or the fingerprint of an unknown key. */
  #keyOf(body: JournalEntry["body"]): string | undefined {
    if (typeof body !== "object" || body === null) return undefined;
    const { proxy_key: key, name } = body as Readonly<Record<string, unknown>>;
    if (typeof key === "string") return this.#keyNames.get(key) ?? fingerprintOf(key);
    return typeof name === "string" ? name : undefined;
  }
}
