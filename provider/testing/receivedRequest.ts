import type { JsonValue } from "./simulatedResponse";

export const BASE_PATH = "/v1";

/** A request that has arrived completely. Apart from `readRequest`: what users see of it needs no types of Node. */
export interface ReceivedRequest {
  readonly method: string;
  /** The path below the base path. undefined: the request's path is outside of it. */
  readonly path: string | undefined;
  /** The decoded request target, as it appears in logs. */
  readonly target: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  readonly rawBody: string;
  /** The parsed body. undefined: no body, or not JSON. */
  readonly body: JsonValue | undefined;
  readonly malformed: boolean;
}
