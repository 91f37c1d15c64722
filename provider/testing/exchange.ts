import type { IncomingMessage, ServerResponse } from "node:http";
import type { SimulatedResponse } from "./simulatedResponse";
import type { ReceivedRequest } from "./receivedRequest";
import type { FaultEffect } from "./faults";

/** The connection of one request and its response. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #nowMs: () => number;

  constructor(request: IncomingMessage, response: ServerResponse, nowMs: () => number) {
    this.#request = request;
    this.#response = response;
    this.#nowMs = nowMs;
  }

  /** Sends the complete response. Returns false if the connection is closed. */
  send(simulated: SimulatedResponse): boolean {
    if (this.#request.socket.destroyed) return false;
    this.#writeHead(simulated);
    this.#response.end(simulated.body);
    return true;
  }

  /** Sends the headers and half of the body, then closes the connection. */
  sendHalf(simulated: SimulatedResponse): void {
    if (this.#request.socket.destroyed) return;
    const whole = Buffer.from(simulated.body);
    this.#writeHead(simulated);
    this.#response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => this.cut());
  }

  cut(): void {
    this.#request.socket.destroy();
  }

  #writeHead({ status, headers, body }: SimulatedResponse): void {
    // The time of the simulator's clock, so that a Retry-After date matches it.
    this.#response.sendDate = false;
    this.#response.writeHead(status, {
      date: new Date(this.#nowMs()).toUTCString(),
      ...(status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) }),
      ...headers,
    });
  }
}

/** The response that a fault sends instead of the API's. */
export function faultResponse(
  effect: FaultEffect,
  status: number,
  received: ReceivedRequest,
): SimulatedResponse {
  const { method, authorization, rawBody } = received;
  const content =
    typeof effect.body === "function"
      ? effect.body({ method, path: received.path ?? received.target, authorization, rawBody })
      : effect.body;
  const body = content === undefined ? "" : typeof content === "string" ? content : JSON.stringify(content);
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
