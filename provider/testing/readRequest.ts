import type { IncomingMessage } from "node:http";
import { BASE_PATH, type ReceivedRequest } from "./receivedRequest";
import type { JsonValue } from "./simulatedResponse";

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
