import { isDeepStrictEqual } from "node:util";
import type { HttpResponse } from "../../provider/api/transport";
import type { Exchange } from "./fixture";

/**
 * What counts as proof that a key is gone. Independent of the code under test.
 */
export type Evidence = "sound" | "none";

/** Whether these responses to a delete prove that the key is gone. */
export function evidenceOfRemoval(exchanges: readonly Exchange[], key: string): Evidence {
  let isDoubtful = false;
  for (const { call, response } of exchanges) {
    if (response instanceof Error) continue;
    if (call === "remove") {
      if (confirmsRemoval(response) || saysThatTheKeyIsGone(response)) return "sound";
      isDoubtful ||= response.status === 404 || response.status < 300;
    } else if (call === "list" && isDoubtful) {
      if (listWithout(response, key) === "sound") return "sound";
    }
  }
  return "none";
}

/** Whether these responses to a read prove that the key is gone. */
export function evidenceOfAbsence(exchanges: readonly Exchange[], key: string): Evidence {
  const listed = exchanges.findLast(({ call }) => call === "list")?.response;
  const lookedUp = exchanges.findLast(({ call }) => call === "lookup")?.response;
  if (listed === undefined || listed instanceof Error || lookedUp === undefined || lookedUp instanceof Error)
    return "none";
  if (lookedUp.status !== 404 || !isSuccess(listed)) return "none";
  const entries = entriesIn(listed);
  if (entries === undefined || entries.some((entry) => isObject(entry) && entry["key"] === key))
    return "none";
  if (saysThatTheKeyIsGone(lookedUp)) return "sound";
  return listWithout(listed, key);
}

/** Whether this response to an update proves that it took effect. */
export function confirmsUpdate(response: HttpResponse): boolean {
  const done = ["", "was ", "has been "].map((was) => `proxy key ${was}updated`);
  return response.status === 200 && done.some((sentence) => sentence === bareMessage(response));
}

/** Whether this response is a list of all keys of the account. */
export function isCompleteList(response: HttpResponse): boolean {
  if (response.status !== 200 && response.status !== 201) return false;
  if (response.headers["link"] !== undefined) return false;
  const entries = entriesIn(response);
  if (entries === undefined) return false;
  const keys = entries.flatMap((entry) =>
    isObject(entry) && isWholeKey(entry["key"]) ? [entry["key"]] : [],
  );
  if (new Set(keys).size < keys.length) return false;
  const value = jsonOf(response);
  if (!isObject(value)) return true;
  const { length } = entries;
  const beside = Object.entries(value).filter(([name]) => name !== envelopeOf(value));
  return beside.every(
    ([name, field]) =>
      (name === "total" && field === length) ||
      (name === "has_more" && field === false) ||
      (name === "next" && field === null) ||
      (name === "ok" && field === true && length > 0),
  );
}

function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status <= 299;
}

const DONE = new Set(
  ["deleted", "removed"].flatMap((done) => ["", "was ", "has been "].map((was) => `proxy key ${was}${done}`)),
);

export function confirmsRemoval(response: HttpResponse): boolean {
  return response.status === 200 && DONE.has(bareMessage(response) ?? "");
}

const ABSENT = new Set(
  ["proxy key", "key"].flatMap((key) => [
    `${key} not found`,
    `${key} was not found`,
    `no such ${key}`,
    `${key} does not exist`,
    `${key} already deleted`,
    `${key} was already deleted`,
    `${key} has been already deleted`,
    `${key} has already been deleted`,
  ]),
);

function saysThatTheKeyIsGone(response: HttpResponse): boolean {
  if (response.status !== 404) return false;
  const body = withoutNulls(jsonOf(response));
  return textsIn(body).some((message) => {
    const error = { message, type: "error", code: 404 };
    const shapes: unknown[] = [
      { message },
      { error: message },
      { error },
      { error: { message } },
      { detail: message },
      { detail: { error } },
      { detail: { error: { message } } },
      { message, success: false },
    ];
    return shapes.some((shape) => isDeepStrictEqual(shape, body)) && ABSENT.has(plain(message));
  });
}

/** The message of a success without other content, in lower case. */
function bareMessage(response: HttpResponse): string | undefined {
  const body = withoutNulls(jsonOf(response));
  if (!isObject(body) || typeof body["message"] !== "string") return undefined;
  const { message, success = true, ...more } = body;
  return success === true && Object.keys(more).length === 0 ? plain(message) : undefined;
}

/** In lower case, without article and full stop. */
function plain(message: string): string {
  return message
    .trim()
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/^(?:the|this) /, "")
    .replace(/[.!]$/, "");
}

/** Whether this is a complete list with every key in full, but not this one. */
function listWithout(response: HttpResponse, key: string): Evidence {
  if (!isCompleteList(response)) return "none";
  const keys = entriesIn(response)!.map((entry) => (entry as Record<string, unknown>)["key"]);
  return keys.every((listed) => isWholeKey(listed) && listed !== key) ? "sound" : "none";
}

function isWholeKey(value: unknown): boolean {
  return typeof value === "string" && /^ek-proxy-[A-Za-z0-9_~.+/=-]+$/.test(value);
}

/** The entries of a list, plain or in an envelope. undefined: not a list. */
function entriesIn(response: HttpResponse): unknown[] | undefined {
  const value = jsonOf(response);
  if (Array.isArray(value)) return value as unknown[];
  if (!isObject(value)) return undefined;
  const name = envelopeOf(value);
  return name === undefined ? undefined : (value[name] as unknown[]);
}

function envelopeOf(value: Record<string, unknown>): string | undefined {
  const known = ["keys", "data", "proxy_keys", "items", "results"];
  return known.find((envelope) => Array.isArray(value[envelope]));
}

function jsonOf({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(body.trim()) as unknown;
  } catch {
    return undefined;
  }
}

function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNulls(field)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All strings at any depth. */
function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  for (const stack = [value]; stack.length > 0;) {
    const top = stack.pop();
    if (typeof top === "string") texts.push(top);
    else if (typeof top === "object" && top !== null) stack.push(...(Object.values(top) as unknown[]));
  }
  return texts;
}
