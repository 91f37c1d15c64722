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
  const read = list.map((entry: unknown) => ({ entry, key: keyObjectSchema.safeParse(entry).data }));
  const keys = read.flatMap(({ key }) => key ?? []);
  const shown = keys.flatMap(({ key }) => key ?? []);
  const flaw =
    (status === 200 || status === 201 ? undefined : `has HTTP status ${status}`) ??
    (keys.length < count ? "has an entry that is not a key" : undefined) ??
    (new Set(shown).size < shown.length ? "has a key twice" : undefined) ??
    flawInHeaders(headers, count) ??
    flawBeside(Object.entries(beside), count);
  if (flaw === undefined) return keys;
  throw new IncompleteListError({
    status,
    shown: keys,
    unread: JSON.stringify(read.filter(({ key }) => key === undefined).map(({ entry }) => entry)),
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
const NEXT = /^(?:next(?:page|url|link|marker|offset|key)?|continuation)$|(?:cursor|token|after)$/;

/** Fields beside a complete list, with their values. Names have no case and no separators. */
const COMPLETE: readonly [RegExp, (value: unknown, count: number) => boolean][] = [
  [/^total(?:count|items|keys|size|results|elements|records|entries)?$/, (value, count) => value === count],
  [/^(?:remainingitems?|itemsremaining)(?:count)?$/, (value) => value === 0],
  [
    /^(?:hasmore|hasnext|hasnextpage|more|(?:is)?truncated|partial|incomplete)$/,
    (value) => value === false || value === 0,
  ],
  [/^(?:complete|islast|islastpage)$/, (value) => value === true],
  [/^(?:pages|totalpages|numpages|pagecount|pagestotal|lastpage)$/, (value) => value === 0 || value === 1],
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

type Field = readonly [name: string, value: unknown];

function flawBeside(fields: readonly Field[], count: number): string | undefined {
  const flat = fields.flatMap(([name, value]): Field[] =>
    NESTED.test(plain(name)) && isObject(value) ? Object.entries(value) : [[name, value]],
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

/** Headers about pages, with any prefix, and the field that each stands for. */
const PAGE_HEADER = new RegExp(
  `(?:^|-)(${[
    "total(?:-?(?:count|items|keys|size|results|elements|records|entries|pages))?",
    "(?:num-?)?pages|page-?count|pages?-?total|last-?page",
    "has-?(?:more|next)(?:-?page)?|(?:is-?)?truncated|partial|incomplete|more",
    "next(?:-?(?:page|url|link|token|cursor|marker|offset|key))?|(?:[a-z]+-)?cursor|continuation(?:-?token)?|page-?token",
    "pagination|paging|page-?info",
    "(?:current-?)?page|page-?number|per-?page|page-?size|page-?limit|(?<=^|^x-)offset",
    "remaining-?items?(?:-?count)?|items-?remaining",
    "(?:item|key|result)s?-?count",
  ].join("|")})$`,
);

function flawInHeaders(headers: HttpResponse["headers"], count: number): string | undefined {
  const text = (name: string) => [headers[name] ?? []].flat().join(", ").trim();
  if (/\brel\s*=\s*"?[^",;]*\b(?:next|prev)/i.test(text("link"))) return "links to another page";
  if (text("content-range") !== "") return "is a range of a longer one";
  // A cache must state the age of what it stores. Keys may have been created since then.
  if (Number(text("age")) !== 0) return "comes from a cache";
  const fields = Object.keys(headers).flatMap((name): Field[] => {
    const [, field] = /rate-?limit|quota/.test(name) ? [] : (PAGE_HEADER.exec(name) ?? []);
    return field === undefined ? [] : [[field, headerValue(text(name))]];
  });
  return flawBeside(fields, count)?.replace("beside its entries", "in its headers");
}

/** What a header says, as a field of an envelope would. */
function headerValue(text: string): unknown {
  const lower = text.toLowerCase();
  if (["false", "no"].includes(lower)) return false;
  if (["null", "none"].includes(lower)) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
