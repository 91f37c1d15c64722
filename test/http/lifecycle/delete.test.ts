import { describe, expect, it } from "vitest";
import { bareNotFound, echoSecrets, edgePage, type FaultEffect } from "../../../provider/testing";
import { createFixture, onAnotherServer, otherServer, PATHS, refusal, rejection, sent } from "../fixture";

const FIRST_LINE = /^Cannot remove proxy key "web-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\): /;

describe("a destroy", () => {
  it("is one call with the key in its body, and returns the credits", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["remove"]);
    expect(fixture.simulator.journal[0]?.body).toEqual({ proxy_key: state.key });
    expect(fixture.simulator.account().keys()).toEqual([]);
    expect(fixture.simulator.account().balance).toBe(100_000);
  });

  it("touches no other key", async () => {
    const fixture = await createFixture();
    const other = fixture.simulator.account().addKey({ name: "theirs" });
    const { id, state } = await fixture.existing();
    await fixture.lifecycle.delete(id, state);
    expect(fixture.simulator.account().keys()).toEqual([other]);
  });

  it.each(["error", "detail", "detailError"] as const)(
    "of a key that is gone is done with one call, in the API's words as %s",
    async (errorShape) => {
      const fixture = await createFixture({ simulator: { dialect: { errorShape } } });
      const { id, state } = await fixture.existing();
      fixture.simulator.account().removeKey(state.key);
      await fixture.lifecycle.delete(id, state);
      expect(sent(fixture)).toEqual(["remove"]);
    },
  );

  it("twice is done as well", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    await Promise.all([fixture.lifecycle.delete(id, state), fixture.lifecycle.delete(id, state)]);
    expect(sent(fixture)).toEqual(["remove", "remove"]);
  });
});

describe("a destroy on another server than the one that had the key", () => {
  const VARIANTS: [string, Record<string, unknown>, FaultEffect | undefined][] = [
    ["that says that there is no such key", {}, undefined],
    ["that answers a bare 404", {}, bareNotFound()],
    ["that answers a success in no words of the API", {}, { status: 200, body: "" }],
    ["that is asked when the key was used", { refuseIfUsedWithin: "24h" }, undefined],
    ["that is to disable it", { onDestroy: "disable" }, undefined],
  ];

  it.each(VARIANTS)("is refused: %s", async (_, args, fault) => {
    const [fixture, other] = [await createFixture(), await onAnotherServer()];
    const { id, state } = await fixture.existing(args);
    if (fault) other.simulator.inject({ on: { path: PATHS.remove }, ...fault });
    const { message } = await rejection(other.lifecycle.delete(id, state));
    expect(message).toMatch(FIRST_LINE);
    expect(message).toMatch(otherServer(fixture, other));
    expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
    const { server: _server, __account: _account, ...earlier } = state;
    await other.lifecycle.delete(id, earlier);
  });

  it("removes the key where it is there", async () => {
    const [fixture, other] = [await createFixture(), await onAnotherServer()];
    const { id, state } = await fixture.existing();
    other.simulator.account().addKey({ name: state.name, key: state.key });
    await other.lifecycle.delete(id, state);
    expect(sent(other)).toEqual(["remove"]);
    expect(other.simulator.account().findKey(state.key)).toBeUndefined();
  });
});

describe("a destroy that is tried again", () => {
  it.each([
    ["after 500", { status: 500 }],
    ["after the edge's 503", edgePage(503)],
    ["after a cut before", { cut: "before" as const }],
    ["after a cut with the effect: the key is gone", { cut: "after" as const }],
    ["after half of an answer", { cut: "midBody" as const }],
    ["after a refusal for the rate", refusal(429, "Rate limit exceeded. Try again in 180 seconds.")],
  ])("%s", async (_, fault) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject(fault);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["remove", "remove"]);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it("fails after six attempts and lists them", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ status: 500, times: Infinity });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    const lines = message.split("\n");
    expect(lines[0]).toMatch(FIRST_LINE);
    expect(lines[1]).toBe("It was tried 6 times:");
    expect(lines.at(-1)).toMatch(/Run the command again later/);
    expect(fixture.simulator.account().keys()).toHaveLength(1);
  });
});

describe("a refusal is hard: one call, the key and the resource stay", () => {
  it.each([
    [403, "Proxy key does not belong to you", /owned by another account/],
    [403, "Proxy key is not owned by you", /owned by another account/],
    [403, "This API key does not have permission to manage proxy keys", /lacks the permission/],
    [403, "Too many API keys for this IP address", /refuses this machine's IP address/],
    [403, "Your plan is paused", /plan is paused/],
    [403, "Forbidden", /without a reason/],
    [401, "Invalid API key", /that the last `pulumi up` stored.*--run-program/],
    [400, "proxy_key: must be a string", /calls the request invalid/],
    [422, "proxy_key: too long", /calls the request invalid/],
    [402, "Insufficient balance", /balance/],
    [302, "", /redirects elsewhere/],
    [405, "Method not allowed", /API documents no such response/],
  ])("%d %s", async (status, text, expected) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject(refusal(status, text));
    const error = await rejection(fixture.lifecycle.delete(id, state));
    expect(error.message).toMatch(FIRST_LINE);
    expect(error.message).toMatch(expected);
    expect(error).toMatchObject({ stack: "" });
    expect(error).not.toHaveProperty("id");
    expect(sent(fixture)).toEqual(["remove"]);
    expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
  });

  it.each([edgePage(403), { status: 403 }])("403 of the edge", async (fault) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject(fault);
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/network edge.*electronhub:baseUrl/s);
    expect(sent(fixture)).toEqual(["remove"]);
  });

  it("by the real owner of the key", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const other = fixture.simulator.addAccount({ name: "other" });
    const strangers = await createFixture({
      environment: {
        ELECTRONHUB_API_KEY: other.apiKey,
        ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl,
      },
    });
    const { message } = await rejection(strangers.lifecycle.delete(id, state));
    expect(message).toMatch(/owned by another account.*account that owns it/s);
    expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
    expect(sent(fixture)).toEqual(["remove"]);
  });

  it("without a word about any secret", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    for (const status of [400, 401, 403, 404, 422]) {
      fixture.simulator.inject(echoSecrets(status));
      const { message } = await rejection(
        fixture.lifecycle.delete(id, state).then(() => Promise.reject(new Error("[redacted]"))),
      );
      expect(message).toContain("[redacted]");
      expect(message).not.toContain(state.key.slice(9, 17));
      expect(message).not.toContain(fixture.simulator.account().apiKey.slice(3, 11));
    }
  });
});

describe("a damaged state sends nothing", () => {
  it.each([
    ["no key", { key: undefined }, /holds no proxy key/],
    ["an empty key", { key: "" }, /holds no proxy key/],
    ["a master key", { key: "ek-abcdefABCDEF0123456789" }, /holds no proxy key/],
    ["another key", { key: "ek-proxy-abcdefABCDEF0123456789" }, /state is damaged/],
  ])("%s", async (_, damage, expected) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const { message } = await rejection(fixture.lifecycle.delete(id, { ...state, ...damage }));
    expect(message).toMatch(expected);
    expect(message).toMatch(/pulumi stack import/);
    expect(message).not.toContain("abcdefABCDEF");
    expect(sent(fixture)).toEqual([]);
  });
});

describe("onDestroy: disable", () => {
  it("leaves the key on the account, disabled", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "toggle"]);
    expect(fixture.simulator.account().keys()).toMatchObject([{ isActive: false, allocatedAmount: 10 }]);
  });

  it("is done with a key that is disabled or gone already", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.account().disableKey(state.key);
    await fixture.lifecycle.delete(id, state);
    fixture.simulator.account().removeKey(state.key);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "lookup"]);
  });
});
