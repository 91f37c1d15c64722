import { describe, expect, it } from "vitest";
import {
  bareNotFound,
  edgePage,
  emptyBody,
  malformedJson,
  redirectTo,
  tooManyRequestsWithoutHeaders,
  type FaultEffect,
} from "../../../provider/testing";
import {
  createFixture,
  PATHS,
  refusal,
  rejection,
  sent,
  type Fixture,
  type FixtureOptions,
} from "../fixture";

const FIRST_LINE = /^Cannot remove proxy key "web-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\): /;

/** Every lasting failure of one request, and its message. */
const FAULTS: readonly [string, FaultEffect, RegExp][] = [
  ["400", refusal(400, "proxy_key: must be a string"), /calls the request invalid/],
  ["401", refusal(401, "Invalid API key"), /does not accept this API key.*--run-program/s],
  ["402", refusal(402, "Insufficient balance"), /balance/],
  ["403 of the owner", refusal(403, "Proxy key does not belong to you"), /owned by another account/],
  ["403 of a paused plan", refusal(403, "Your plan is paused"), /plan is paused.*Resume/s],
  ["403 of the edge", edgePage(403), /network edge/],
  ["a framework's 404", bareNotFound(), /does not prove a removal.*still lists the key/s],
  ["404 of the edge", edgePage(404), /does not prove a removal.*still lists the key/s],
  ["404 without a word", emptyBody(404), /does not prove a removal.*still lists the key/s],
  ["405", refusal(405, "Method not allowed"), /API documents no such response/],
  ["422", refusal(422, "proxy_key: too long"), /calls the request invalid/],
  ["429 beyond maxWait", tooManyRequestsWithoutHeaders(), /cooldown.*maxWait/s],
  ["500", refusal(500, "Oops"), /The API failed.*tried 6 times.*later/s],
  ["503 of the edge", edgePage(503), /The API failed.*tried 6 times.*later/s],
  ["a redirect", redirectTo("https://elsewhere.example/v1"), /redirects elsewhere/],
  ["a cut before the effect", { cut: "before" }, /tried 6 times/],
  ["200 with nothing in it", emptyBody(200), /reports success .* holds an empty body/],
  ["200 with a page", edgePage(200), /reports success .* holds an HTML page/],
  ["200 with half of an answer", malformedJson(), /reports success .* holds text that is not JSON/],
  ["200 with JSON of another shape", { status: 200, body: { ok: true } }, /JSON of another shape/],
];

const impatient: FixtureOptions = { environment: { ELECTRONHUB_MAX_WAIT: "2m" } };

const keyOnAccount = ({ simulator }: Fixture) => simulator.account().keys()[0];

describe("refuseIfUsedWithin never removes a key", () => {
  it.each(FAULTS)("that it could not look up: %s", async (_, fault, expected) => {
    const fixture = await createFixture(impatient);
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "1h" });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...fault, times: Infinity });
    const error = await rejection(fixture.lifecycle.delete(id, state));
    expect(error.message).toMatch(FIRST_LINE);
    expect(error.message).toMatch(expected);
    expect(error).toMatchObject({ stack: "" });
    expect(error.message).not.toContain(state.key);
    expect(sent(fixture)).not.toContain("remove");
    expect(keyOnAccount(fixture)).toMatchObject({ key: state.key, isActive: true });

    // Nothing of it is remembered: as soon as the API answers, and names its limit, the destroy goes on.
    fixture.simulator.clearFaults();
    fixture.simulator.account().rateLimit = { limit: 10, windowMs: 60_000 };
    fixture.clock.advance(200_000);
    await fixture.lifecycle.delete(id, state);
    expect(keyOnAccount(fixture)).toBeUndefined();
  });

  it("that was used by a clock ahead of ours", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "30m" });
    const aheadUnixS = fixture.clock.nowMs() / 1_000 + 3_600;
    fixture.simulator.account().updateKey(state.key, { lastUsedUnixS: aheadUnixS });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 0 s ago, and refuseIfUsedWithin is 30m/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("on the word of an old state: it looks at the account each time", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "1h" });
    await fixture.lifecycle.read(id, state);
    fixture.simulator.account().spend(state.key, 1);
    await rejection(fixture.lifecycle.delete(id, { ...state, lastUsedAt: "2020-01-01T00:00:00Z" }));
    await rejection(fixture.lifecycle.delete(id, state));
    expect(sent(fixture)).toEqual(["list", "lookup", "lookup"]);
  });

  it.each(["0", "1 week", "-1h", "", "1h; rm"])("while the state's duration is %j", async (within) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const { message } = await rejection(
      fixture.lifecycle.delete(id, { ...state, refuseIfUsedWithin: within }),
    );
    expect(message).toMatch(/is not a duration.*`pulumi up`/s);
    expect(sent(fixture)).toEqual([]);
  });

  it("nor disables it, where onDestroy says that", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable", refuseIfUsedWithin: "1h" });
    fixture.simulator.account().spend(state.key, 1);
    await rejection(fixture.lifecycle.delete(id, state));
    expect(sent(fixture)).toEqual(["lookup"]);
    expect(keyOnAccount(fixture)).toMatchObject({ isActive: true });
  });

  it("but lets one go that the account says it has not, or lists without after a doubtful 404", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "1h" });
    fixture.simulator.account().removeKey(state.key);
    await fixture.lifecycle.delete(id, state);
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "lookup", "list"]);
  });
});

/** After a lost response to a toggle the key is looked up again, so a page instead of a response is reported after the last try. */
const TOGGLE_FAULTS = FAULTS.filter(([name]) => !/^(?:500|503|200|a cut)/.test(name));
const UNCLEAR = FAULTS.filter(([name]) => /^(?:500|503|200|a cut)/.test(name));

describe("onDestroy: disable never removes a key", () => {
  it.each(FAULTS)("that it could not look up: %s", async (_, fault, expected) => {
    const fixture = await createFixture(impatient);
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...fault, times: Infinity });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(FIRST_LINE);
    expect(message).toMatch(expected);
    expect(sent(fixture)).not.toContain("toggle");
    expect(sent(fixture)).not.toContain("remove");
    expect(keyOnAccount(fixture)).toMatchObject({ isActive: true });
  });

  it.each(TOGGLE_FAULTS)("that it could not toggle: %s", async (_, fault, expected) => {
    const fixture = await createFixture(impatient);
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...fault, times: Infinity });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(FIRST_LINE);
    expect(message).toMatch(expected);
    expect(sent(fixture)).not.toContain("remove");
    expect(keyOnAccount(fixture)).toMatchObject({ isActive: true });
  });

  it.each(UNCLEAR)("whose toggle has no clear answer: %s", async (_, fault) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...fault, times: Infinity });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/could not be disabled.*run the command again/s);
    const tries = Array.from({ length: 6 }, () => ["lookup", "toggle"]).flat();
    expect(sent(fixture)).toEqual([...tries, "lookup"]);
    expect(keyOnAccount(fixture)).toMatchObject({ isActive: true });
  });

  it.each(["after", "midBody"] as const)(
    "when the answer is lost %s the effect: it looks, and is done",
    async (cut) => {
      const fixture = await createFixture();
      const { id, state } = await fixture.existing({ onDestroy: "disable" });
      fixture.simulator.inject({ on: { path: PATHS.toggle }, cut });
      await fixture.lifecycle.delete(id, state);
      expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup"]);
      expect(keyOnAccount(fixture)).toMatchObject({ isActive: false, allocatedAmount: 10 });
    },
  );

  it("when another client toggles at the same moment: it looks again, and ends disabled", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    const held = fixture.simulator.inject({ on: { path: PATHS.toggle }, hold: true });
    fixture.clock.held = 1;
    const destroy = fixture.lifecycle.delete(id, state);
    await held.reached();
    fixture.simulator.account().disableKey(state.key);
    held.release();
    await destroy.catch(() => undefined);
    expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup", "toggle"]);
    expect(keyOnAccount(fixture)).toMatchObject({ isActive: false });
    // The first of the two toggles was without a lookup.
    fixture.simulator.clearJournal();
  });
});
