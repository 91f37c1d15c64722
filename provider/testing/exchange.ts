import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./answers";
import type { Call } from "./call";
import type { FaultEffect } from "./faults";

/** One request and the answer to it, on their connection. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #nowMs: () => number;

  constructor(request: IncomingMessage, response: ServerResponse, nowMs: () => number) {
    this.#request = request;
    this.#response = response;
    this.#nowMs = nowMs;
  }

  /** Sends the whole answer; false when nobody is there to take it. */
  send(answer: Answer): boolean {
    if (this.#request.socket.destroyed) return false;
    this.#writeHead(answer);
    this.#response.end(answer.body);
    return true;
  }

  /** Sends the head and half of the body, then ends the connection. */
  sendHalf(answer: Answer): void {
    if (this.#request.socket.destroyed) return;
    const whole = Buffer.from(answer.body);
    this.#writeHead(answer);
    this.#response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => this.cut());
  }

  cut(): void {
    this.#request.socket.destroy();
  }

  #writeHead({ status, headers, body }: Answer): void {
    // The simulator's own time, so that a Retry-After date makes sense beside it.
    this.#response.sendDate = false;
    this.#response.writeHead(status, {
      date: new Date(this.#nowMs()).toUTCString(),
      ...(status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) }),
      ...headers,
    });
  }
}

/** The answer that a fault gives in place of the API's. */
export function faultAnswer(effect: FaultEffect, status: number, call: Call): Answer {
  const { method, authorization, rawBody } = call;
  const wanted =
    typeof effect.body === "function"
      ? effect.body({ method, path: call.path ?? call.target, authorization, rawBody })
      : effect.body;
  const body = wanted === undefined ? "" : typeof wanted === "string" ? wanted : JSON.stringify(wanted);
  const contentType = effect.contentType ?? (body === "" ? undefined : "application/json");
  return {
    status,
    headers: {
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...effect.headers,
    },
    body,
  };
}
