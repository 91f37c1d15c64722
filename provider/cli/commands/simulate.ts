import { errorCode } from "../../util/errno";
import { quotable } from "../../util/redact";
import { HOW_TO_WRITE_A_RATE, parseRateLimit } from "../../config";
import { fingerprintOf } from "../../lifecycle/schema/state";
import { startSimulator, type JournalEntry, type SimulatedRateLimit, type Simulator } from "../../testing";
import { EXIT, Refusal, UsageError, type ExitCode } from "../problems";
import type { Terminal } from "../terminal/terminal";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface SimulateOptions {
  port: number;
  limit?: string;
  accounts: number;
}

/** Milliseconds between two looks at what was asked. */
const LOOK_MS = 100;

/** Runs a simulator of the API until the command is stopped. */
export async function simulate(options: SimulateOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal, clock, stop } = world;
  const rateLimit = options.limit === undefined ? undefined : parseRateLimit(options.limit);
  if (options.limit !== undefined && rateLimit === undefined) {
    throw new UsageError(`--limit is no rate. ${HOW_TO_WRITE_A_RATE}`);
  }
  const names = Array.from({ length: options.accounts }, (_, at) =>
    at === 0 ? "main" : `account-${at + 1}`,
  );
  const simulator = await start(options.port, names, rateLimit);
  const log = new RequestLog(simulator, names, terminal);
  try {
    showSettings(simulator, names, rateLimit, terminal);
    while (!stop.aborted) {
      log.show();
      // A wait that is cut short by the stop is no failure.
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
    rateLimit === undefined ? "no limit" : `${rateLimit.limit} requests per ${rateLimit.windowMs / 1_000} s`;
  const each = names.length === 1 ? "" : " each";
  const apiKeyLines = (line: (apiKey: string) => string) =>
    names.map(
      (name, at) => `${at === 0 ? "" : "# "}${line(simulator.account(name).apiKey)}  # account ${name}`,
    );
  terminal.result(
    `A simulator of the Electron Hub API at ${baseUrl}, with ${counted(names.length, "account")} and ${limit}${each}.\n\nFor this machine's shells:\n\nexport ELECTRONHUB_BASE_URL=${baseUrl}`,
  );
  terminal.simulatedSecret(apiKeyLines((apiKey) => `export ELECTRONHUB_API_KEY=${apiKey}`).join("\n"));
  terminal.result(`\nOr for one stack:\n\npulumi config set electronhub:baseUrl ${baseUrl}`);
  terminal.simulatedSecret(
    apiKeyLines((apiKey) => `pulumi config set --secret electronhub:apiKey ${apiKey}`).join("\n"),
  );
  terminal.result("\nKeys and API keys are forgotten at the end. Ctrl-C stops it.");
}

/** What was asked, a line for each request. Each is answered in the very turn in which it has arrived. */
class RequestLog {
  readonly #simulator: Simulator;
  readonly #accounts: readonly string[];
  readonly #terminal: Terminal;
  /** Of every key that was ever seen: a removed one is still called by its name. */
  readonly #keyNames = new Map<string, string>();
  #requests = 0;
  #violations = 0;

  constructor(simulator: Simulator, accounts: readonly string[], terminal: Terminal) {
    this.#simulator = simulator;
    this.#accounts = accounts;
    this.#terminal = terminal;
  }

  /** Shows what is new, and has the simulator forget it: bodies hold keys, and the command may run for days. */
  show(): void {
    const { journal, violations } = this.#simulator;
    if (journal.length === 0) return;
    this.#learnNames();
    for (const entry of journal) this.#note(this.#lineOf(entry));
    for (const { kind, method, path } of violations) {
      this.#note(`No client may do this (${kind}): ${method} ${path}`);
    }
    this.#requests += journal.length;
    this.#violations += violations.length;
    this.#simulator.clearJournal();
  }

  summary(): string {
    return `Stopped after ${counted(this.#requests, "request")}, ${counted(this.#violations, "violation")}.`;
  }

  /** Whoever sends a request chooses its path, and may put anything into it. */
  #note(line: string): void {
    this.#terminal.note(quotable(line, [], 500));
  }

  #learnNames(): void {
    for (const account of this.#accounts) {
      for (const { key, name } of this.#simulator.account(account).keys()) this.#keyNames.set(key, name);
    }
  }

  #lineOf({ method, path, status, account, body }: JournalEntry): string {
    const parts = [method, path, status ?? "(nobody waits)", account ?? "(no account)", this.#keyOf(body)];
    return parts.filter((part) => part !== undefined).join(" ");
  }

  /** The name of the key that the body is about; its fingerprint when it has gone as soon as it came. */
  #keyOf(body: JournalEntry["body"]): string | undefined {
    if (typeof body !== "object" || body === null) return undefined;
    const { proxy_key: key, name } = body as Readonly<Record<string, unknown>>;
    if (typeof key === "string") return this.#keyNames.get(key) ?? fingerprintOf(key);
    return typeof name === "string" ? name : undefined;
  }
}
