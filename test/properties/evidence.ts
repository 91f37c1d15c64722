import { isDeepStrictEqual } from "node:util";
import type { HttpResponse } from "../../provider/api/transport";
import type { Exchange } from "./world";

/**
 * What counts as proof that a key is gone, written down independently of the code under test.
 */
export type Evidence = "sound" | "none";

/** Did anything in these answers to a delete prove that the key is gone? */
export function evidenceOfRemoval(exchanges: readonly Exchange[], key: string): Evidence {
  let isDoubtful = false;
  for (const { call, answer } of exchanges) {
    if (answer instanceof Error) continue;
    if (call === "remove") {
      if (confirmsRemoval(answer) || saysThatTheKeyIsGone(answer)) return "sound";
      isDoubtful ||= answer.status === 404 || answer.status < 300;
    } else if (call === "list" && isDoubtful) {
      if (listWithout(answer, key) === "sound") return "sound";
    }
  }
  return "none";
}

/** Did these answers to a read prove that the key is gone? */
export function evidenceOfAbsence(exchanges: readonly Exchange[], key: string): Evidence {
  const listed = exchanges.findLast(({ call }) => call === "list")?.answer;
  const lookedUp = exchanges.findLast(({ call }) => call === "lookup")?.answer;
  if (listed === undefined || listed instanceof Error || lookedUp === undefined || lookedUp instanceof Error)
    return "none";
  if (lookedUp.status !== 404 || !isSuccess(listed)) return "none";
  const entries = entriesIn(listed);
  if (entries === undefined || entries.some((entry) => isObject(entry) && entry["key"] === key))
    return "none";
  if (saysThatTheKeyIsGone(lookedUp)) return "sound";
  return listWithout(listed, key);
}

/** Did this answer to an update prove that it took effect? */
export function confirmsUpdate(answer: HttpResponse): boolean {
  const done = ["", "was ", "has been "].map((was) => `proxy key ${was}updated`);
  return answer.status === 200 && done.some((sentence) => sentence === bareMessage(answer));
}

/** Is this answer a list that shows every key of the account? */
export function isCompleteList(answer: HttpResponse): boolean {
  if (answer.status !== 200 && answer.status !== 201) return false;
  if (answer.headers["link"] !== undefined) return false;
  const entries = entriesIn(answer);
  if (entries === undefined) return false;
  const keys = entries.flatMap((entry) =>
    isObject(entry) && isWholeKey(entry["key"]) ? [entry["key"]] : [],
  );
  if (new Set(keys).size < keys.length) return false;
  const value = jsonOf(answer);
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

export function confirmsRemoval(answer: HttpResponse): boolean {
  return answer.status === 200 && DONE.has(bareMessage(answer) ?? "");
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

function saysThatTheKeyIsGone(answer: HttpResponse): boolean {
  if (answer.status !== 404) return false;
  const body = withoutNulls(jsonOf(answer));
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

/** The message of a success that says nothing else, in small letters. */
function bareMessage(answer: HttpResponse): string | undefined {
  const body = withoutNulls(jsonOf(answer));
  if (!isObject(body) || typeof body["message"] !== "string") return undefined;
  const { message, success = true, ...more } = body;
  return success === true && Object.keys(more).length === 0 ? plain(message) : undefined;
}

/** In small letters, without its article and full stop. */
function plain(message: string): string {
  return message
    .trim()
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/^(?:the|this) /, "")
    .replace(/[.!]$/, "");
}

/** A complete list that shows every key whole and not this one. */
function listWithout(answer: HttpResponse, key: string): Evidence {
  if (!isCompleteList(answer)) return "none";
  const keys = entriesIn(answer)!.map((entry) => (entry as Record<string, unknown>)["key"]);
  return keys.every((listed) => isWholeKey(listed) && listed !== key) ? "sound" : "none";
}

function isWholeKey(value: unknown): boolean {
  return typeof value === "string" && /^ek-proxy-[A-Za-z0-9_~.+/=-]+$/.test(value);
}

/** The entries of a list, bare or in an envelope; undefined when there is no list. */
function entriesIn(answer: HttpResponse): unknown[] | undefined {
  const value = jsonOf(answer);
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

/** Every text at any depth. */
function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  for (const stack = [value]; stack.length > 0;) {
    const top = stack.pop();
    if (typeof top === "string") texts.push(top);
    else if (typeof top === "object" && top !== null) stack.push(...(Object.values(top) as unknown[]));
  }
  return texts;
}
