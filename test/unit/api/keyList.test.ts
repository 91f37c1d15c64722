import { describe, expect, it } from "vitest";
import { mayHide, readKeyList } from "../../../provider/api/keyList";
import { SECRET, thrown, wireKey } from "../fixture";

const entry = (key?: string) => ({
  name: "web",
  expires_at: -1,
  allocated_ammount: 10,
  is_active: true,
  ...(key === undefined ? {} : { key }),
});
const ONE = entry(SECRET);
const TWO = entry("ek-proxy-another1");

function read(value: unknown, headers: Record<string, string> = {}, status = 200) {
  return readKeyList(value, { status, headers }, [SECRET]);
}

describe("a complete list", () => {
  it.each<[unknown, number]>([
    [[], 0],
    [[ONE], 1],
    [[ONE, TWO], 2],
    [[entry(), entry()], 2],
    ...["keys", "data", "proxy_keys", "items", "results"].flatMap((name): [unknown, number][] => [
      [{ [name]: [ONE] }, 1],
      [{ [name]: [] }, 0],
    ]),
    [{ keys: [ONE], total: 1, next: null }, 1],
    [{ keys: [ONE], error: null, previous: null }, 1],
    [{ keys: [], count: 0 }, 0],
    [{ keys: [ONE], limit: 1, has_more: false, count: 1 }, 1],
    [{ keys: [], total: 0, has_more: false, next_cursor: "" }, 0],
    [{ object: "list", data: [ONE], has_more: false, first_id: "a", last_id: "b" }, 1],
    [{ status: "success", data: [ONE], request_id: "r-1" }, 1],
    [{ data: [ONE], meta: { totalCount: 1, page: 1, total_pages: 1 } }, 1],
    [{ data: [ONE], pagination: { limit: 50, offset: 0 }, links: { self: "/auth/proxy", next: null } }, 1],
  ])("is %j", (value, count) => {
    expect(read(value)).toHaveLength(count);
  });

  it("may name its length in a header", () => {
    expect(read([ONE], { "x-total-count": "1", link: '</auth/proxy>; rel="self"' })).toHaveLength(1);
    expect(read([ONE], {}, 201)).toHaveLength(1);
  });

  it.each<[Record<string, string | string[]>]>([
    [{ "x-total": "1", "x-total-pages": "1", "x-page": "1", "x-per-page": "20", "x-next-page": "" }],
    [{ "x-wp-total": "1", "x-wp-totalpages": "1" }],
    [{ "x-has-more": "False", "x-next-cursor": "None", "x-page-count": "0" }],
    [{ "x-pagination": '{"total":1,"page":1,"next":null}' }],
    [
      {
        "x-ratelimit-remaining": "4",
        "x-rate-limit-next-page": "9",
        "retry-after": "1",
        "x-quota-total": "9",
      },
    ],
    [{ "content-length": "9", "accept-ranges": "bytes", "x-csrf-token": "a", "x-envoy-attempt-count": "2" }],
    [{ "x-homepage": "a", "x-timezone-offset": "60", "set-cookie": ["next=1", "page=2"], "cf-ray": "9" }],
    [{ age: "0" }],
  ])("may have the headers %j", (headers) => {
    expect(readKeyList([ONE], { status: 200, headers }, [])).toHaveLength(1);
  });
});

describe("no list of keys", () => {
  it.each<[unknown]>([
    [{}],
    [{ status: "maintenance", notices: [] }],
    [{ message: "quota", links: [] }],
    [{ a: [], b: [] }],
    [{ error: { message: "no" } }],
    [{ data: { keys: [] } }],
    ["text"],
    [null],
  ])("is %j", (value) => {
    expect(read(value)).toBeUndefined();
  });
});

describe("a list with an entry that is not a key", () => {
  it.each<[unknown]>([
    [null],
    ["text"],
    [[]],
    [7],
    [{}],
    [{ ...TWO, name: undefined }],
    [{ ...TWO, name: 7 }],
  ])("%j shows the others, and proves nothing", (odd) => {
    for (const value of [[ONE, odd], [odd, ONE], { keys: [ONE, odd], total: 2 }]) {
      expect(thrown(() => read(value))).toMatchObject({
        name: "IncompleteListError",
        why: expect.stringMatching(/has an entry that is not a key.*proves nothing/),
        shown: [{ key: SECRET }],
      });
    }
    expect(thrown(() => read([odd]))).toMatchObject({ name: "IncompleteListError", shown: [] });
  });

  it("is complete where another field than the name is odd", () => {
    expect(
      read([{ ...ONE, is_active: 1, allocated_ammount: "1", created_at: "2026-01-01" }, TWO]),
    ).toMatchObject([
      { key: SECRET, is_active: undefined, allocated_ammount: undefined, created_at: undefined },
      { is_active: true },
    ]);
  });
});

describe("a list that may be incomplete", () => {
  it.each<[unknown]>([
    [{ keys: [ONE], has_more: true }],
    [{ keys: [ONE], hasMore: "yes" }],
    [{ keys: [ONE], next: "/auth/proxy?page=2" }],
    [{ keys: [ONE], next_page: 2 }],
    [{ keys: [ONE], cursor: "abc" }],
    [{ keys: [ONE], next_cursor: "abc" }],
    [{ keys: [ONE], links: { next: "/auth/proxy?page=2" } }],
    [{ keys: [ONE], _links: { next: { href: "?page=2" } } }],
    [{ keys: [ONE], total: 2 }],
    [{ keys: [ONE], total: "2" }],
    [{ keys: [ONE], count: 5 }],
    [{ keys: [ONE], total_count: 5 }],
    [{ keys: [ONE], page: 1, pages: 2 }],
    [{ keys: [ONE], page: 2, total_pages: 2 }],
    [{ keys: [ONE], page: 1 }],
    [{ keys: [ONE], page: 1, count: 1 }],
    [{ keys: [ONE], count: 2, has_more: false }],
    [{ keys: [ONE], limit: 1 }],
    [{ keys: [ONE], offset: 10, total: 1 }],
    [{ keys: [ONE], previous: "/auth/proxy?page=0" }],
    [{ keys: [ONE], meta: { total: 9 } }],
    [{ keys: [ONE], pagination: { has_more: true } }],
    [{ keys: [ONE], truncated: true }],
    [{ keys: [ONE], partial: true }],
    [{ keys: [ONE], warnings: ["a shard is down"] }],
    [{ keys: [ONE], error: "half of it" }],
    [{ keys: [ONE], success: false }],
    [{ keys: [ONE], status: "degraded" }],
    [{ keys: [ONE], data: [TWO] }],
    [{ keys: [], status: "maintenance" }],
    [{ keys: [], ok: true }],
    [{ ok: true, items: [] }],
    [{ data: [], message: "none" }],
    [{ keys: [], total: 3 }],
    [{ keys: [], others: [] }],
    [{ keys: [], maintenance: null }],
    [{ keys: [ONE], message: "" }],
    [[ONE, ONE]],
    [{ keys: [ONE, TWO, ONE], total: 3 }],
  ])("is %j", (value) => {
    expect(thrown(() => read(value))).toMatchObject({
      name: "IncompleteListError",
      retryable: false,
      why: expect.stringMatching(/which proves nothing/),
    });
  });

  it.each<[Record<string, string>, number?]>([
    [{}, 206],
    [{}, 203],
    [{}, 202],
    [{ link: '<https://api.example/auth/proxy?page=2>; rel="next"' }],
    [{ "content-range": "items 0-0/9" }],
    [{ age: "1" }],
    [{ age: "a while" }],
    [{ "x-total-count": "9" }],
    [{ "x-next-page": "2" }],
    [{ "x-total": "2" }],
    [{ "x-total-pages": "3" }],
    [{ "x-wp-total": "9" }],
    [{ "x-wp-totalpages": "2" }],
    [{ "x-total-count": "1, 9" }],
    [{ "x-has-more": "true" }],
    [{ "x-has-next": "1" }],
    [{ "x-more": "yes" }],
    [{ "x-pagination": '{"total":9}' }],
    [{ pagination: '{"has_more":true}' }],
    [{ pagination: "page=1; pages=2" }],
    [{ "next-page": "2" }],
    [{ "x-next": "/auth/proxy?page=2" }],
    [{ "x-page-count": "2" }],
    [{ "x-page": "1" }],
    [{ "x-page": "2", "x-total": "1" }],
    [{ "x-per-page": "1" }],
    [{ "x-next-token": "abc" }],
    [{ "x-cursor": "abc" }],
    [{ "x-ms-continuationtoken": "abc" }],
    [{ "x-ms-continuation": "abc" }],
    [{ "x-remaining-items": "4" }],
    [{ "x-item-count": "4" }],
    [{ "x-truncated": "true" }],
    [{ "x-partial": "1" }],
  ])("has the headers %j, status %s", (headers, status = 200) => {
    expect(thrown(() => read([ONE], headers, status))).toMatchObject({ name: "IncompleteListError" });
  });

  it("names what is beside its entries, without a secret", () => {
    expect(thrown(() => read({ keys: [], [SECRET]: 1 }))).toMatchObject({
      why: expect.stringMatching(/has "\[redacted\]" beside its entries/),
    });
  });
});

it.each<[string, boolean]>([
  ["ek-proxy-abcdef", true],
  ["ek-proxy-mnop", true],
  ["ek-proxy-abcmnop", true],
  ["ek-proxy-abcdefghijklmnop", false],
  ["ek-proxy-abcdefghijklmnopq", false],
  ["ek-proxy-abcx", false],
  ["ek-proxy-klm", false],
])("a list with %s alone may hide ek-proxy-abcdefghijklmnop: %s", (shown, expected) => {
  expect(mayHide([wireKey({ key: shown })], "ek-proxy-abcdefghijklmnop")).toBe(expected);
  expect(mayHide([wireKey({ key: undefined })], "ek-proxy-abcdefghijklmnop")).toBe(true);
});
