/** A response body, parsed if possible. */
export type ResponseBody =
  | { kind: "json"; value: unknown }
  /** From a network edge or a proxy, not from the API. */
  | { kind: "html" }
  | { kind: "empty" }
  | { kind: "text" };

export function readBody(text: string): ResponseBody {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "empty" };
  if (trimmed.startsWith("<")) return { kind: "html" };
  try {
    return { kind: "json", value: JSON.parse(trimmed) as unknown };
  } catch {
    return { kind: "text" };
  }
}

/** Describes a body without a message. */
export function describeBody(body: ResponseBody): string {
  switch (body.kind) {
    case "html":
      return "an HTML page";
    case "empty":
      return "an empty body";
    case "text":
      return "text that is not JSON";
    case "json":
      return "JSON without a message";
  }
}

/**
 * The API's message in an error body, unescaped and possibly hostile. The shapes: `{"error":{"message"}}`, `{"error":""}`,
 * `{"detail":""}`, `{"detail":{"error":{"message"}}}`, `{"detail":[{"loc","msg"}]}` and `{"message":""}`.
 */
export function errorMessage(body: ResponseBody): string | undefined {
  return body.kind === "json" ? messageIn(body.value, 0) : undefined;
}

function messageIn(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value !== "object" || value === null || depth > 4) return undefined;
  if (Array.isArray(value)) return validationMessages(value, depth);
  for (const property of ["message", "error", "detail", "msg"]) {
    const found = messageIn((value as Record<string, unknown>)[property], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function validationMessages(entries: unknown[], depth: number): string | undefined {
  const messages = entries.slice(0, 3).flatMap((entry) => {
    const message = messageIn(entry, depth + 1);
    if (message === undefined) return [];
    const place = (entry as { loc?: unknown } | null)?.loc;
    const field = Array.isArray(place) ? place.findLast((part) => typeof part === "string") : undefined;
    return [field === undefined ? message : `${field}: ${message}`];
  });
  return messages.length === 0 ? undefined : messages.join("; ");
}
