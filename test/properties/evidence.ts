import type { HttpAnswer } from "../../provider/api/transport";
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
      if (confirms(answer) || saysThatTheKeyIsGone(answer)) return "sound";
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
  const keys = keysIn(listed);
  if (keys === undefined || keys.some((listedKey) => listedKey === key)) return "none";
  if (saysThatTheKeyIsGone(lookedUp)) return "sound";
  return listWithout(listed, key);
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status <= 299;
}

function confirms(answer: HttpAnswer): boolean {
  if (answer.status === 204) return true;
  const value = jsonOf(answer);
  // `"error": null` speaks of none.
  return (
    isSuccess(answer) &&
    isObject(value) &&
    /delet|remov/i.test(typeof value["message"] === "string" ? value["message"] : "") &&
    [value["error"], value["detail"]].every((word) => word == null)
  );
}

function saysThatTheKeyIsGone(answer: HttpAnswer): boolean {
  if (answer.status !== 404) return false;
  return textsIn(jsonOf(answer)).some((text) => {
    const words = text.toLowerCase().replaceAll(/api[ _-]?keys?/g, "");
    return words.includes("key") || /already (been )?(deleted|removed)/.test(words);
  });
}

/** A list that shows every key whole and not this one. */
function listWithout(answer: HttpAnswer, key: string): Evidence {
  const keys = isSuccess(answer) ? keysIn(answer) : undefined;
  if (keys === undefined || keys.some((listed) => listed === key || listed === undefined)) return "none";
  if (keys.some((listed) => !isWholeKey(listed))) return "none";
  const value = jsonOf(answer);
  const isError =
    isObject(value) && ["error", "errors", "detail"].some((property) => Object.hasOwn(value, property));
  return isError ? "none" : "sound";
}

function isWholeKey(value: unknown): boolean {
  return typeof value === "string" && value.startsWith("ek-proxy-") && !value.includes("*");
}

/** The `key` of each entry of a list; undefined when there is no list. */
function keysIn(answer: HttpAnswer): unknown[] | undefined {
  const value = jsonOf(answer);
  const lists = Array.isArray(value)
    ? [value]
    : isObject(value)
      ? Object.values(value).filter(Array.isArray)
      : [];
  const [list = []] = lists;
  return lists.length === 1 && list.every(isObject) ? list.map((entry) => entry["key"]) : undefined;
}

function jsonOf({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body.trim()) as unknown;
  } catch {
    return undefined;
  }
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
