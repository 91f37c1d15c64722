import type { IncomingMessage, ServerResponse } from "node:http";
import { type SimulatedResponse, type Dialect, rateHeaders, rateLimitedResponse } from "./simulatedResponse";
import { isJsonObject } from "./bodies";
import type { ReceivedRequest } from "./receivedRequest";
import { readRequest } from "./readRequest";
import { type Caller, identify } from "./caller";
import type { SimulatedClock } from "./simulatedClock";
import { Exchange, faultResponse } from "./exchange";
import type { Fault, Faults } from "./faults";
import type { RequestJournal, OpenEntry } from "./requestJournal";
import type { AccountModel } from "./accountModel";
import { type EndpointResult, perform } from "./routes";

export interface ServiceParts {
  readonly clock: SimulatedClock;
  readonly dialect: Dialect;
  readonly accounts: readonly AccountModel[];
  readonly journal: RequestJournal;
  readonly faults: Faults;
  /** Aborted when the simulator closes. */
  readonly closing: AbortSignal;
}

/** Handles a request from its arrival to its response: journal, faults, request window, endpoint. */
export class Service {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, accounts, journal } = this.#parts;
    const exchange = new Exchange(request, response, () => clock.nowMs());
    const received = await readRequest(request);
    const caller = identify(received.authorization, accounts);
    const entry = journal.open(received, caller.account?.name, clock.nowMs());
    const fault = this.#claimFault(received, caller);
    if (fault !== undefined) entry.fault = fault.label;

    // A request that never reaches the API is not counted in its window.
    const isLost = fault?.spec.cut === "before";
    const isAdmitted =
      isLost || (caller.account?.admit(received.method === "GET" && received.path === "/user/me") ?? true);
    const act = (): EndpointResult => {
      const result = isAdmitted ? this.#perform(received, caller) : this.#rateLimited(caller);
      entry.applied = result.applied;
      return result;
    };
    if (fault === undefined) deliver(exchange, entry, act());
    else await this.#play(fault, received, exchange, entry, act);
  }

  async #play(
    fault: Fault,
    received: ReceivedRequest,
    exchange: Exchange,
    entry: OpenEntry,
    act: () => EndpointResult,
  ): Promise<void> {
    const { cut, status, applied } = fault.spec;
    const early = applied === true && cut !== "before" ? act() : undefined;
    await fault.wait(this.#parts.clock, this.#parts.closing);
    if (status !== undefined) {
      if (exchange.send(faultResponse(fault.spec, status, received))) entry.status = status;
      return;
    }
    if (cut === "before") {
      exchange.cut();
      return;
    }
    const result = early ?? act();
    if (cut === "after") exchange.cut();
    else if (cut === "midBody") exchange.sendHalf(result.response);
    else deliver(exchange, entry, result);
  }

  #perform(received: ReceivedRequest, caller: Caller): EndpointResult {
    const { clock, dialect, accounts, journal } = this.#parts;
    const result = perform(received, {
      caller,
      accounts,
      dialect,
      nowUnixS: Math.floor(clock.nowMs() / 1_000),
      onBlindToggle: () => journal.violate("blind-toggle", received, clock.nowMs()),
    });
    return { ...result, response: this.#withRateHeaders(result.response, caller) };
  }

  #rateLimited(caller: Caller): EndpointResult {
    const { clock, dialect } = this.#parts;
    const limited = rateLimitedResponse(caller.account?.waitMs() ?? 0, clock.nowMs(), dialect);
    return { response: this.#withRateHeaders(limited, caller), applied: false, observed: [] };
  }

  #withRateHeaders(simulated: SimulatedResponse, caller: Caller): SimulatedResponse {
    if (!this.#parts.dialect.rateLimitHeaders) return simulated;
    return {
      ...simulated,
      headers: { ...simulated.headers, ...rateHeaders(caller.account?.rateFigures()) },
    };
  }

  #claimFault(received: ReceivedRequest, caller: Caller): Fault | undefined {
    return this.#parts.faults.claim({
      method: received.method,
      path: received.path,
      account: caller.account?.name,
      keyNames: this.#addressedNames(received),
    });
  }

  #addressedNames({ body }: ReceivedRequest): readonly string[] {
    if (!isJsonObject(body)) return [];
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

function deliver(exchange: Exchange, entry: OpenEntry, result: EndpointResult): void {
  if (!exchange.send(result.response)) return;
  entry.status = result.response.status;
  for (const { record, version } of result.observed) {
    // A response that was held may show an old state after a newer one was seen.
    record.observedVersion = Math.max(record.observedVersion, version);
  }
}
