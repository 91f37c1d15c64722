import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { saysAlreadyGone, saysDeleted, saysToggled, saysUpdated } from "../../../provider/api/statements";

const error = (message: string, more: object = {}) => ({
  error: { message, type: "error", param: null, code: 404, ...more },
});

const OTHER_SENTENCES = [
  "",
  "Not Found",
  "Nothing was deleted",
  "This endpoint will be removed on 2027-01-01",
  "Request could not be delivered: upstream removed from pool",
  "Proxy key will be deleted",
  "Proxy key is being deleted",
  "Proxy key deletion scheduled",
  "Proxy key could not be deleted",
  "Proxy key not deleted",
  "Proxy key was not deleted",
  "Proxy key deleted?",
  "Proxy keys deleted",
  "Proxy keys not found",
  "No proxy keys found",
  "No such proxy keys",
  "Proxy key deleted from the cache",
  "Deleted",
  "Already removed",
  "Key server unreachable",
  "Key server not found",
  "Proxy key management is not available on this host",
  "Endpoint removed. See https://docs/keys",
  "The proxy key service is temporarily disabled",
  "API key not found",
  "API key deleted",
  "Missing subscription key",
  "Subscription key not found",
  "The API key does not exist",
  "Proxy key not found on this shard",
  // The search itself may have failed.
  "Proxy key could not be found",
  "Proxy key not found or not yours",
  "Proxy key not found: upstream timed out",
  "Proxy key found",
  "Proxy key not found. Try again later.",
  "If the proxy key not found",
  "Is the proxy key not found?",
  "Proxy key settings updated",
  "Proxy key status updated",
  "Proxy key will be updated",
  "Proxy key not updated",
  "Monkey not found",
  "Proxy key not found\u0000",
];

describe("a 404 says that the key is gone", () => {
  const sentences = [
    "Proxy key not found",
    "Proxy key not found.",
    "proxy_key not found",
    "Key not found",
    "  The proxy key\nwas not found. ",
    "No such proxy key",
    "The key does not exist",
    "Proxy key doesn't exist.",
    "Key already deleted",
    "Proxy key has already been removed",
    "This key was already deleted",
    "Proxy key not found or already deleted",
  ];

  it.each(sentences)("%j", (message) => {
    for (const body of [
      error(message),
      error(message, { code: null }),
      error(message, { code: "404", param: "proxy_key", type: "not_found" }),
      { error: message },
      { detail: message },
      { detail: error(message) },
      { detail: { error: message } },
      { message },
      { message, request_id: "r-1" },
      { message, success: false, error: null },
    ])
      expect(saysAlreadyGone(body)).toBe(true);
  });

  it.each([...OTHER_SENTENCES, "Proxy key deleted", "Proxy key updated"])("not by %j", (message) => {
    for (const body of [error(message), { detail: message }, { message }])
      expect(saysAlreadyGone(body)).toBe(false);
  });

  const message = "Proxy key not found";
  it.each<[unknown]>([
    [message],
    [[message]],
    [{ msg: message }],
    [{ errors: [{ message }] }],
    [{ detail: [{ loc: ["body", "proxy_key"], msg: message }] }],
    [{ message, error: "upstream unavailable" }],
    [{ message, detail: "Not Found" }],
    [{ error: { message, detail: "cache only" } }],
    [{ error: message, message }],
    [{ message, success: true }],
    [{ message, exists: true }],
    [{ message, key: { name: "web" } }],
    [error(message, { code: 503 })],
    [error(message, { type: "upstream_error" })],
    [error(message, { code: "cache_miss" })],
    [{ message: { message } }],
    [{ error: { error: { error: { message } } } }],
    [{ message: [message] }],
    [null],
    [404],
  ])("not in %j", (body) => {
    expect(saysAlreadyGone(body)).toBe(false);
  });
});

describe.each([
  ["deleted", saysDeleted, ["deleted", "removed"]],
  ["updated", saysUpdated, ["updated"]],
] as const)("a 200 says that the key was %s", (_, says, words) => {
  it.each(
    words.flatMap((done) => [
      `Proxy key ${done}`,
      `Proxy key ${done}.`,
      `The proxy key was ${done} successfully`,
      `Proxy key has been ${done}!`,
      `Proxy key successfully ${done}`,
      `Successfully ${done} proxy key`,
    ]),
  )("%s", (message) => {
    expect(says({ message })).toBe(true);
    expect(says({ message, error: null, success: true, status: "success", request_id: "r-1" })).toBe(true);
  });

  it.each([...OTHER_SENTENCES, "Proxy key not found", "Key already deleted"])("not by %j", (message) => {
    expect(says({ message })).toBe(false);
  });

  const message = `Proxy key ${words[0]}`;
  it.each<[unknown]>([
    [message],
    [[message]],
    [{ detail: message }],
    [{ error: { message } }],
    [{ message, error: "timeout" }],
    [{ message, errors: [{}] }],
    [{ message, detail: "not yet" }],
    [{ message, success: false }],
    [{ message, deleted: false }],
    [{ message, deleted: 0 }],
    [{ message, status: "error" }],
    [{ message, status: "pending" }],
    [{ message, status: true }],
    [{ message, code: 500 }],
    [{ message, dry_run: true }],
    [{ message, ok: false }],
    [{ message, warning: "replica behind" }],
    [{ data: { message } }],
    [null],
  ])("not in %j", (body) => {
    expect(says(body)).toBe(false);
  });
});

describe("a 200 says which state a toggle has set", () => {
  it.each([
    "Proxy key status updated",
    "Proxy key status updated.",
    "The proxy key status was updated successfully",
    "Successfully updated proxy key status",
  ])("%s", (message) => {
    expect(saysToggled({ message, status: false })).toBe(true);
    expect(saysToggled({ message, status: true, error: null, request_id: "r-1" })).toBe(true);
  });

  const others = OTHER_SENTENCES.filter((other) => other !== "Proxy key status updated");
  it.each([
    ...others,
    "Proxy key updated",
    "Proxy key deleted",
    "Service temporarily unavailable",
    "Proxy key status not updated",
    "Proxy key status updated on one of two replicas",
  ])("not by %j", (message) => {
    expect(saysToggled({ message, status: false })).toBe(false);
  });

  const message = "Proxy key status updated";
  it.each<[unknown]>([
    [{ message }],
    [{ status: false }],
    [{ message, status: "false" }],
    [{ message, status: 200 }],
    [{ message, status: null }],
    [{ message, status: false, error: "timeout" }],
    [{ message, status: false, success: false }],
    [{ message, status: false, detail: "queued" }],
    [{ detail: message, status: false }],
    [{ data: { message, status: false } }],
    [[{ message, status: false }]],
    [null],
  ])("not in %j", (body) => {
    expect(saysToggled(body)).toBe(false);
  });
});

it("no statement is found in arbitrary JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (body) => {
      const statements = [saysAlreadyGone, saysDeleted, saysUpdated, saysToggled];
      expect(statements.filter((says) => says(body))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});
