import type { IncomingMessage } from "node:http";
import type { JsonValue } from "./simulatedResponse";

export const BASE_PATH = "/v1";

/** A request that has arrived completely. */
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

export async function readRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const rawBody = Buffer.concat(chunks).toString("utf8");
  const target = decoded(request.url ?? "/");
  const pathname = target.split("?", 1)[0] ?? target;
  return {
    method: request.method ?? "GET",
    path: pathname.startsWith(`${BASE_PATH}/`) ? pathname.slice(BASE_PATH.length) : undefined,
    target,
    authorization: request.headers.authorization,
    contentType: request.headers["content-type"],
    userAgent: request.headers["user-agent"],
    rawBody,
    ...parsed(rawBody),
  };
}

function parsed(rawBody: string): { body: JsonValue | undefined; malformed: boolean } {
  if (rawBody === "") return { body: undefined, malformed: false };
  try {
    return { body: JSON.parse(rawBody) as JsonValue, malformed: false };
  } catch {
    return { body: undefined, malformed: true };
  }
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
