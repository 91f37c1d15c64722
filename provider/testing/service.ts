import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, type Dialect, rateHeaders, rateLimitedAnswer } from "./answers";
import { isObject } from "./bodies";
import { type Call, readCall } from "./call";
import { type Caller, identify } from "./caller";
import type { Clock } from "./clock";
import { Exchange, faultAnswer } from "./exchange";
import type { Fault, Faults } from "./faults";
import type { Journal, OpenEntry } from "./journal";
import type { AccountModel } from "./accountModel";
import { type Outcome, perform } from "./routes";

export interface ServiceParts {
  readonly clock: Clock;
  readonly dialect: Dialect;
  readonly accounts: readonly AccountModel[];
  readonly journal: Journal;
  readonly faults: Faults;
  /** Aborted when the simulator closes. */
  readonly closing: AbortSignal;
}

/** Takes one request from its arrival to its answer: journal, faults, request window, endpoint. */
export class Service {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, accounts, journal } = this.#parts;
    const exchange = new Exchange(request, response, () => clock.nowMs());
    const call = await readCall(request);
    const caller = identify(call.authorization, accounts);
    const entry = journal.open(call, caller.account?.name, clock.nowMs());
    const fault = this.#claimFault(call, caller);
    if (fault !== undefined) entry.fault = fault.label;

    // What never reaches the API takes no place in its window.
    const isLost = fault?.spec.cut === "before";
    const isAdmitted =
      isLost || (caller.account?.admit(call.method === "GET" && call.path === "/user/me") ?? true);
    const act = (): Outcome => {
      const outcome = isAdmitted ? this.#perform(call, caller) : this.#refuse(caller);
      entry.applied = outcome.applied;
      return outcome;
    };
    if (fault === undefined) deliver(exchange, entry, act());
    else await this.#play(fault, call, exchange, entry, act);
  }

  async #play(
    fault: Fault,
    call: Call,
    exchange: Exchange,
    entry: OpenEntry,
    act: () => Outcome,
  ): Promise<void> {
    const { cut, status, applied } = fault.spec;
    const early = applied === true && cut !== "before" ? act() : undefined;
    await fault.wait(this.#parts.clock, this.#parts.closing);
    if (status !== undefined) {
      if (exchange.send(faultAnswer(fault.spec, status, call))) entry.status = status;
      return;
    }
    if (cut === "before") {
      exchange.cut();
      return;
    }
    const outcome = early ?? act();
    if (cut === "after") exchange.cut();
    else if (cut === "midBody") exchange.sendHalf(outcome.answer);
    else deliver(exchange, entry, outcome);
  }

  #perform(call: Call, caller: Caller): Outcome {
    const { clock, dialect, accounts, journal } = this.#parts;
    const outcome = perform(call, {
      caller,
      accounts,
      dialect,
      nowUnixS: Math.floor(clock.nowMs() / 1_000),
      onBlindToggle: () => journal.violate("blind-toggle", call, clock.nowMs()),
    });
    return { ...outcome, answer: this.#withRateHeaders(outcome.answer, caller) };
  }

  #refuse(caller: Caller): Outcome {
    const { clock, dialect } = this.#parts;
    const answer = rateLimitedAnswer(caller.account?.waitMs() ?? 0, clock.nowMs(), dialect);
    return { answer: this.#withRateHeaders(answer, caller), applied: false, observed: [] };
  }

  #withRateHeaders(answer: Answer, caller: Caller): Answer {
    if (!this.#parts.dialect.rateLimitHeaders) return answer;
    return {
      ...answer,
      headers: { ...answer.headers, ...rateHeaders(caller.account?.rateFigures()) },
    };
  }

  #claimFault(call: Call, caller: Caller): Fault | undefined {
    return this.#parts.faults.claim({
      method: call.method,
      path: call.path,
      account: caller.account?.name,
      keyNames: this.#addressedNames(call),
    });
  }

  #addressedNames({ body }: Call): readonly string[] {
    if (!isObject(body)) return [];
    const { proxy_key: key, name } = body;
    const addressed = typeof key === "string" ? this.#nameOf(key) : undefined;
    return [addressed, name].filter((candidate) => typeof candidate === "string");
  }

  #nameOf(key: string): string | undefined {
    for (const { book } of this.#parts.accounts) {
      const record = book.records.get(key);
      if (record !== undefined) return record.name;
    }
    return undefined;
  }
}

function deliver(exchange: Exchange, entry: OpenEntry, outcome: Outcome): void {
  if (!exchange.send(outcome.answer)) return;
  entry.status = outcome.answer.status;
  for (const { record, version } of outcome.observed) {
    // An answer that was held back shows an old state; it must not hide that a newer one was seen.
    record.observedVersion = Math.max(record.observedVersion, version);
  }
}
