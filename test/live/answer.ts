import type { HttpResponse } from "../../provider/api/transport";
import { describeBody, errorMessage, readBody } from "../../provider/api/responseBody";

/** A response, and what may be shown of it. */
export interface Answer {
  status: number;
  headers: HttpResponse["headers"];
  /** The parsed body. Undefined: no JSON. Holds keys and personal data: never shown. */
  json: unknown;
  /** Status and message; of other bodies only the names of their fields, and truth values. Not yet redacted. */
  text: string;
}

export function answerOf({ status, headers, body }: HttpResponse): Answer {
  const read = readBody(body);
  const json = read.kind === "json" ? read.value : undefined;
  const message = errorMessage(read);
  const flags = Object.entries(objectOf(json)).filter(([, value]) => typeof value === "boolean");
  const parts = [
    ...flags.map(([name, value]) => `${name}: ${String(value)}`),
    ...(message === undefined ? [] : [JSON.stringify(message)]),
  ];
  const shown = parts.length > 0 && message !== undefined ? parts.join(", ") : outline(json);
  return { status, headers, json, text: `HTTP ${status}, ${shown ?? describeBody(read)}` };
}

function outline(json: unknown): string | undefined {
  if (Array.isArray(json)) return `${json.length} ${json.length === 1 ? "entry" : "entries"}`;
  const names = fieldsOf(json);
  return names.length === 0 ? undefined : `fields ${names.join(", ")}`;
}

/** The names of an object's fields. */
export function fieldsOf(json: unknown): string[] {
  return Object.keys(objectOf(json));
}

export function objectOf(json: unknown): Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : {};
}

export function header({ headers }: Pick<Answer, "headers">, name: string): string | undefined {
  return [headers[name] ?? []].flat()[0];
}

export const isSuccess = ({ status }: Pick<Answer, "status">) => status >= 200 && status < 300;
