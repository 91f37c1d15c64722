import type { IncomingMessage } from "node:http";
import type { JsonValue } from "./answers";

export const BASE_PATH = "/v1";

/** One request, read whole. */
export interface Call {
  readonly method: string;
  /** The path below the base path; undefined when the request missed the base path. */
  readonly path: string | undefined;
  /** The whole request target, decoded: what ends up in logs. */
  readonly target: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  readonly rawBody: string;
  /** The parsed body; undefined without a body or with one that is not JSON. */
  readonly body: JsonValue | undefined;
  readonly malformed: boolean;
}

export async function readCall(request: IncomingMessage): Promise<Call> {
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
