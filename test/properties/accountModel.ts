import { ConnectionError } from "../../provider/api/errors";
import type { HttpResponse, HttpRequest, Transport } from "../../provider/api/transport";
import type { InstantClock } from "../matrix/instantClock";

/** The fate of one request. `late`: gets a 500 immediately, and takes effect some requests later. */
export type Fate =
  | "ok"
  | "cutBefore"
  | "cutAfter"
  | "500Before"
  | "500After"
  | "htmlBefore"
  | "htmlAfter"
  | "late"
  | "429"
  | "403";

/** A change from outside between two requests. */
export interface Interference {
  /** The request that it precedes, counted from 0. */
  readonly at: number;
  readonly sameSettings: boolean;
}

/** A key in the model. */
export interface ModelKey {
  readonly wire: Record<string, unknown> & { name: string; key: string };
  /** Its budget's window, which no response shows. A new key's window is always daily. */
  window: unknown;
  readonly owner: "us" | "before" | "meanwhile";
}

export interface ModelOptions {
  readonly clock: InstantClock;
  readonly fates: readonly Fate[];
  /** How far the server's clock is ahead of ours. */
  readonly aheadMs: number;
  readonly saysTheTime: boolean;
  readonly interferences: readonly Interference[];
  readonly makeKey: () => string;
}

/** The number of requests after which a late request takes effect. */
const LATE_BY = 2;

/** An account in memory behind a transport that loses responses. */
export class AccountModel implements Transport {
  readonly keys: ModelKey[] = [];
  readonly #options: ModelOptions;
  readonly #late: { dueAt: number; act: () => void }[] = [];
  #asked: Record<string, unknown> = {};
  requests = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  /** A key with these settings that another program has created. */
  add(owner: "before" | "meanwhile", settings: Record<string, unknown>, agoMs = 0): void {
    this.keys.push({ owner, window: "daily", wire: this.#newKey(settings, agoMs) });
  }

  get hasLateEffects(): boolean {
    return this.#late.length > 0;
  }

  async send({ url, body }: HttpRequest): Promise<HttpResponse> {
    const { clock, fates, interferences } = this.#options;
    await clock.sleep(30);
    const at = this.requests++;
    if (at > 500) throw new Error("Requests without end.");
    this.#settleLate(at);
    const call = url.pathname.split("/").at(-1)!;
    const request = (body === undefined ? {} : JSON.parse(body)) as Record<string, unknown>;
    if (call === "create") this.#asked = request;
    for (const { sameSettings } of interferences.filter((interference) => interference.at === at)) {
      if (this.#asked["name"] === undefined) continue;
      const alike = { ...this.#asked, name: "shared" };
      this.add("meanwhile", sameSettings ? alike : { ...alike, allocated_ammount: 4_321 });
    }
    return this.#play(fates[at] ?? "ok", call, request, at);
  }

  #play(fate: Fate, call: string, request: Record<string, unknown>, at: number): HttpResponse {
    switch (fate) {
      case "ok":
        return this.#perform(call, request);
      case "cutBefore":
        throw cut();
      case "cutAfter":
        this.#perform(call, request);
        throw cut();
      case "500Before":
        return this.#response(500, { error: { message: "boom" } });
      case "500After":
        this.#perform(call, request);
        return this.#response(500, { error: { message: "boom" } });
      case "htmlBefore":
        return { ...this.#response(200, null), body: "<html></html>" };
      case "htmlAfter":
        this.#perform(call, request);
        return { ...this.#response(200, null), body: "<html></html>" };
      case "late":
        this.#late.push({ dueAt: at + LATE_BY, act: () => void this.#perform(call, request) });
        return this.#response(500, { error: { message: "boom" } });
      case "429":
        return this.#response(429, { error: { message: "Rate limit exceeded. Try again in 5 seconds." } });
      case "403":
        return this.#response(403, { error: { message: "Your plan is paused" } });
    }
  }

  #settleLate(at: number): void {
    while (this.#late.length > 0 && this.#late[0]!.dueAt <= at) this.#late.shift()!.act();
  }

  #perform(call: string, request: Record<string, unknown>): HttpResponse {
    const known = this.keys.find(({ wire }) => wire.key === request["proxy_key"]);
    switch (call) {
      case "proxy":
        return this.#response(
          200,
          this.keys.map(({ wire }) => wire),
        );
      case "create": {
        const wire = this.#newKey(request, 0);
        this.keys.push({ owner: "us", window: "daily", wire });
        return this.#response(201, wire);
      }
      case "remove":
        if (known === undefined) return this.#response(404, { detail: "Proxy key not found" });
        this.keys.splice(this.keys.indexOf(known), 1);
        return this.#response(200, { message: "Proxy key deleted" });
      case "lookup":
        if (known === undefined) return this.#response(404, { detail: "Proxy key not found" });
        return this.#response(200, known.wire);
      case "update": {
        if (known === undefined) return this.#response(404, { detail: "Proxy key not found" });
        const { proxy_key: _, limit_type: window = "daily", ...settings } = request;
        Object.assign(known.wire, settings);
        known.window = window;
        return this.#response(200, { message: "Proxy key updated" });
      }
      default:
        throw new Error(`A call that no creation makes: ${call}`);
    }
  }

  #newKey(asked: Record<string, unknown>, agoMs: number): ModelKey["wire"] {
    const { limit_type: _, ...settings } = asked;
    return {
      name: "",
      ...settings,
      key: this.#options.makeKey(),
      used_ammount: 0,
      is_active: true,
      created_at: Math.floor((this.#serverMs() - agoMs) / 1_000),
      last_used: null,
    };
  }

  #response(status: number, value: unknown): HttpResponse {
    const headers = this.#options.saysTheTime ? { date: new Date(this.#serverMs()).toUTCString() } : {};
    return { status, headers, body: JSON.stringify(value) };
  }

  #serverMs(): number {
    return this.#options.clock.nowMs() + this.#options.aheadMs;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function cut(): ConnectionError {
  return new ConnectionError({
    maybeSent: true,
    retryable: true,
    why: "api.example could not be reached: the connection was reset (ECONNRESET).",
    nextStep: "Check the network, then run the command again.",
  });
}
