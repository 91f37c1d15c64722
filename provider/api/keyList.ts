import { IncompleteListError } from "./errors";
import { isPartOf } from "../util/keyText";
import { quotable } from "../util/redact";
import type { HttpResponse } from "./transport";
import { keyObjectSchema, type KeyObject } from "./wire";

/** Names of the array in an envelope. */
const ENVELOPES = ["keys", "data", "proxy_keys", "items", "results"];

/**
 * Reads the account's keys: a bare array, or an envelope whose other fields are absent or say that the list is complete.
 * An entry that cannot be read is left out, and may be any key.
 *
 * @returns undefined when it is not a list of keys.
 * @throws IncompleteListError when keys may be missing.
 */
export function readKeyList(
  value: unknown,
  { status, headers }: Pick<HttpResponse, "status" | "headers">,
  secrets: readonly string[],
): KeyObject[] | undefined {
  const { list, beside } = opened(value);
  if (!Array.isArray(list)) return undefined;
  const count = list.length;
  const keys = list.flatMap((entry) => keyObjectSchema.safeParse(entry).data ?? []);
  const shown = keys.flatMap(({ key }) => key ?? []);
  const flaw =
    (status === 200 || status === 201 ? undefined : `has HTTP status ${status}`) ??
    (keys.length < count ? "has an entry that is not a key" : undefined) ??
    (new Set(shown).size < shown.length ? "has a key twice" : undefined) ??
    flawInHeaders(headers, count) ??
    flawBeside(beside, count);
  if (flaw === undefined) return keys;
  throw new IncompleteListError({
    status,
    shown: keys,
    why: `The list of the account's keys ${quotable(flaw, secrets)}, so it may be incomplete, which proves nothing.`,
    nextStep:
      "Check electronhub:baseUrl, and any proxy between here and the API, then run the command again.",
  });
}

/** Whether one of these entries may be the key: the list shows only a part of its secret, or nothing. */
export function mayHide(keys: readonly KeyObject[], key: string): boolean {
  return keys.some(({ key: shown }) => shown === undefined || isPartOf(shown, key));
}

function opened(value: unknown): { list: unknown; beside: Record<string, unknown> } {
  if (!isObject(value)) return { list: value, beside: {} };
  const name = ENVELOPES.find((envelope) => Array.isArray(value[envelope]));
  if (name === undefined) return { list: undefined, beside: {} };
  const { [name]: list, ...beside } = value;
  return { list, beside };
}

/** Fields that name the next page. */
const NEXT = /^(?:next|nextpage|nexturl|nextlink)$|(?:cursor|token|after)$/;

/** Fields beside a complete list, with their values. Names have no case and no separators. */
const COMPLETE: readonly [RegExp, (value: unknown, count: number) => boolean][] = [
  [/^total(?:count|items|keys|size|results|elements)?$/, (value, count) => value === count],
  [/^(?:hasmore|hasnext|hasnextpage|more|(?:is)?truncated|partial|incomplete)$/, (value) => value === false],
  [/^(?:complete|islast|islastpage)$/, (value) => value === true],
  [/^(?:pages|totalpages|pagecount|lastpage)$/, (value) => value === 0 || value === 1],
  [/^(?:limit|perpage|pagesize|pagelimit)$/, (value, count) => typeof value === "number" && value > count],
];

/** Fields with the number of entries, perhaps of this page alone. */
const COUNT = /^(?:(?:item|key|result)s?)?(?:count|size|length)$/;

/** Fields about pages, without the number of pages. */
const PAGING: readonly [RegExp, (value: unknown) => boolean][] = [
  [/^(?:page|currentpage|pagenumber)$/, (value) => value === 0 || value === 1],
  [/^(?:offset|skip|start)$/, (value) => value === 0],
  [/^(?:limit|perpage|pagesize|pagelimit)$/, (value) => typeof value === "number"],
];

/** Fields that are harmless beside keys; an empty list with them may be another service's. */
const COURTESY: readonly [RegExp, (value: unknown) => boolean][] = [
  [/^object$/, (value) => value === "list"],
  [/^(?:success|ok)$/, (value) => value === true],
  [/^(?:status|code)$/, (value) => value === 200 || value === "ok" || value === "success"],
  [
    /^(?:firstid|lastid|self|(?:request|trace|correlation)id|timestamp)$/,
    (value) => typeof value !== "object",
  ],
];

/** Objects in an envelope that hold such fields. */
const NESTED = /^(?:meta|metadata|pagination|paging|pageinfo|links)$/;

function flawBeside(fields: Record<string, unknown>, count: number): string | undefined {
  const flat = Object.entries(fields).flatMap(([name, value]) =>
    NESTED.test(plain(name)) && isObject(value) ? Object.entries(value) : [[name, value] as const],
  );
  let saysComplete = false;
  let isPaged = false;
  for (const [name, value] of flat) {
    const field = plain(name);
    const fits = (rows: typeof COMPLETE) =>
      rows.some(([names, says]) => names.test(field) && says(value, count));
    if ((value === null || value === "") && NEXT.test(field)) saysComplete = true;
    else if (fits(COMPLETE)) saysComplete = true;
    else if (fits(PAGING)) isPaged = true;
    else if (COUNT.test(field) && value === count) continue;
    else if (count === 0 || !(value === null || fits(COURTESY)))
      return `has ${JSON.stringify(name)} beside its entries`;
  }
  return isPaged && !saysComplete ? "is paged and does not state that this is the only page" : undefined;
}

function flawInHeaders(headers: HttpResponse["headers"], count: number): string | undefined {
  const text = (name: string) => [headers[name] ?? []].flat().join(", ").trim();
  if (/\brel\s*=\s*"?[^",;]*\b(?:next|prev)/i.test(text("link"))) return "links to another page";
  if (text("content-range") !== "") return "is a range of a longer one";
  for (const name of ["x-total-count", "x-total"]) {
    if (text(name) !== "" && Number(text(name)) !== count)
      return `has another length than its ${name} header`;
  }
  for (const name of ["x-next-page", "x-next-cursor"]) {
    if (text(name) !== "") return `has an ${name} header`;
  }
  return undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
