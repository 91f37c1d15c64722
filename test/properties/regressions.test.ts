import { describe, expect, it } from "vitest";
import type { HttpResponse } from "../../provider/api/transport";
import type { Fate } from "./accountModel";
import { attemptCreate, createTwoAtOnce } from "./create";
import {
  response,
  BARE_404,
  failureOf,
  id,
  isDeleted,
  isGone,
  LISTED,
  MASKED,
  properties,
  SUBJECT,
  transportOn,
  wrongsOf,
} from "./probes";
import { CREDENTIALS } from "./secrets";
import { lifecycleOn, MAX_REQUESTS, requireSoundMessage, stateFor } from "./fixture";

/* What the properties or the matrix once found, each with the least that showed it. */

describe("the client must pause after every 429", () => {
  it.each<[string, HttpResponse]>([
    ["Retry-After: 0", response(429, {}, { "retry-after": "0" })],
    ["Retry-After: 0.001", response(429, {}, { "retry-after": "0.001" })],
    ["a date in the past", response(429, {}, { "retry-after": "Thu, 01 Jan 2015 00:00:00 GMT" })],
    ["rubbish that Date.parse takes for a date", response(429, {}, { "retry-after": "soon 7" })],
    ["0 seconds in the message", response(429, { detail: "Try again in 0 seconds." })],
  ])("%s", async (_, tooMany) => {
    const transport = transportOn({ remove: [tooMany] });
    await lifecycleOn(transport, SUBJECT)
      .delete(id, properties)
      .catch(() => {});
    expect(transport.exchanges.length).toBeLessThan(MAX_REQUESTS);
  });
});

it("shows no secret in base64url where it differs from base64", async () => {
  const subject = CREDENTIALS[2]!;
  const { id: itsId, properties: its } = stateFor(subject.key);
  const echo = response(400, { detail: Buffer.from(subject.key).toString("base64url") });
  const error: unknown = await lifecycleOn(transportOn({ remove: [echo] }), subject)
    .delete(itsId, its)
    .catch((failure: unknown) => failure);
  expect(() => requireSoundMessage(error, subject)).not.toThrow();
});

describe("a list of masked keys proves nothing", () => {
  it("delete", async () => {
    expect(await isDeleted({ remove: [BARE_404], list: [MASKED] })).toBe(false);
  });

  it("read", async () => {
    expect(await isGone({ list: [MASKED], lookup: [BARE_404] })).toBe(false);
  });
});

describe("create never loses a key", () => {
  it.each<[string, Fate[]]>([
    ["the list for twins is one from before the second try", ["late"]],
    ["the list for twins is refused", ["500Before", "ok", "ok", "403"]],
    [
      "the list for duplicates fails, and a second key is created",
      ["500Before", "ok", "ok", ...Array.from({ length: 6 }, (): Fate => "500Before"), "ok", "ok"],
    ],
  ])("%s", async (_, fates) => {
    expect(await wrongsOf({ fates })).toEqual([]);
  });

  it("maxWait ends before the list is received", async () => {
    expect(await wrongsOf({ fates: ["cutAfter"], maxWait: "0.1s" })).toEqual([]);
  });
});

it("two creations of one name at the same time never share a key", async () => {
  const keys = await createTwoAtOnce();
  expect(new Set(keys).size).toBe(keys.length);
});

it("a list whose entries have no `key` is read as a list of hidden secrets", async () => {
  const found = await lifecycleOn(
    transportOn({
      list: [response(200, [LISTED])],
      lookup: [response(200, { ...LISTED, key: SUBJECT.key })],
    }),
    SUBJECT,
  ).read(id, properties);
  expect(found.id).toBe(id);
});

describe("no secret in a message", () => {
  it("after characters whose lower case is longer", async () => {
    const part = SUBJECT.key.replace("ek-proxy-", "");
    const error = await failureOf([response(400, { detail: `${"İ".repeat(20)} ${part}` })]);
    expect(() => requireSoundMessage(error, SUBJECT)).not.toThrow();
  });
});

describe("a message stays short and ends with the next step", () => {
  it("after very many 429s", async () => {
    const tooMany = Array.from({ length: 300 }, () => response(429, {}, { "retry-after": "1" }));
    const { message } = await failureOf(
      [...tooMany, response(403, { detail: "Your plan is paused" })],
      "300d",
    );
    expect(message.length).toBeLessThan(8_000);
    expect(message).toMatch(/Resume the plan, then run the command again\.$/);
  });
});

describe("JSON with an error is not a list", () => {
  it.each([{ error: "half of it", keys: [] }, { detail: [] }, { errors: [] }])("delete, %j", async (body) => {
    expect(await isDeleted({ remove: [BARE_404], list: [response(200, body)] })).toBe(false);
  });

  it("read", async () => {
    expect(await isGone({ list: [response(200, { detail: [] })], lookup: [BARE_404] })).toBe(false);
  });
});

describe("a late effect of a lost attempt", () => {
  it.each<[string, Fate[]]>([
    ["a twin cannot be removed", ["late", "ok", "500After", "ok", "403"]],
    ["a refusal hides that an earlier try took effect late", ["late", "ok", "403"]],
  ])("%s", async (_, fates) => {
    expect(await wrongsOf({ fates })).toEqual([]);
  });

  it("with a chosen name, the second key that a late request creates is removed as well", async () => {
    const made = await attemptCreate({ fates: ["late", "ok", "ok", "ok"], name: "shared" });
    expect(made.account.keys).toMatchObject([{ wire: { name: "shared" } }]);
    // A request without a response may still create another one.
    expect(made.lines).toEqual([expect.stringMatching(/orphans --name-prefix web-/)]);
  });
});
