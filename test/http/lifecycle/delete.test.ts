import { describe, expect, it } from "vitest";
import { bareNotFound, echoSecrets, edgePage, type FaultEffect } from "../../../provider/testing";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import {
  createWorld,
  onAnotherServer,
  otherServer,
  PATHS,
  refusal,
  rejection,
  sent,
  type World,
} from "../fixture";

const FIRST_LINE = /^Cannot remove proxy key "web-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\): /;

describe("a destroy", () => {
  it("is one call with the key in its body, and returns the credits", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["remove"]);
    expect(world.simulator.journal[0]?.body).toEqual({ proxy_key: state.key });
    expect(world.simulator.account().keys()).toEqual([]);
    expect(world.simulator.account().balance).toBe(100_000);
  });

  it("touches no other key", async () => {
    const world = await createWorld();
    const other = world.simulator.account().addKey({ name: "theirs" });
    const { id, state } = await world.existing();
    await world.lifecycle.delete(id, state);
    expect(world.simulator.account().keys()).toEqual([other]);
  });

  it.each(["error", "detail", "detailError"] as const)(
    "of a key that is gone is done with one call, in the API's words as %s",
    async (errorShape) => {
      const world = await createWorld({ simulator: { dialect: { errorShape } } });
      const { id, state } = await world.existing();
      world.simulator.account().removeKey(state.key);
      await world.lifecycle.delete(id, state);
      expect(sent(world)).toEqual(["remove"]);
    },
  );

  it("twice is done as well", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    await Promise.all([world.lifecycle.delete(id, state), world.lifecycle.delete(id, state)]);
    expect(sent(world)).toEqual(["remove", "remove"]);
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
    const [world, other] = [await createWorld(), await onAnotherServer()];
    const { id, state } = await world.existing(args);
    if (fault) other.simulator.inject({ on: { path: PATHS.remove }, ...fault });
    const { message } = await rejection(other.lifecycle.delete(id, state));
    expect(message).toMatch(FIRST_LINE);
    expect(message).toMatch(otherServer(world, other));
    expect(world.simulator.account().findKey(state.key)).toBeDefined();
    const { server: _server, __account: _account, ...earlier } = state;
    await other.lifecycle.delete(id, earlier);
  });

  it("removes the key where it is there", async () => {
    const [world, other] = [await createWorld(), await onAnotherServer()];
    const { id, state } = await world.existing();
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
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject(fault);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["remove", "remove"]);
    expect(world.simulator.account().keys()).toEqual([]);
  });

  it("in vain fails, and lists the tries", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject({ status: 500, times: Infinity });
    const { message } = await rejection(world.lifecycle.delete(id, state));
    const lines = message.split("\n");
    expect(lines[0]).toMatch(FIRST_LINE);
    expect(lines[1]).toBe("It was tried 6 times:");
    expect(lines.at(-1)).toMatch(/run the command again later/);
    expect(world.simulator.account().keys()).toHaveLength(1);
  });
});

describe("a refusal is hard: one call, the key and the resource stay", () => {
  it.each([
    [403, "Proxy key does not belong to you", /owned by another account/],
    [403, "Proxy key is not owned by you", /owned by another account/],
    [403, "This API key does not have permission to manage proxy keys", /lacks the permission/],
    [403, "Too many API keys for this IP address", /refuses this machine's IP address/],
    [403, "Your plan is paused", /plan is paused/],
    [403, "Forbidden", /does not say why/],
    [401, "Invalid API key", /that the last `pulumi up` stored.*--run-program/],
    [400, "proxy_key: must be a string", /calls the request invalid/],
    [422, "proxy_key: too long", /calls the request invalid/],
    [402, "Insufficient balance", /balance/],
    [302, "", /redirects elsewhere/],
    [405, "Method not allowed", /API documents no such response/],
  ])("%d %s", async (status, text, told) => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject(refusal(status, text));
    const error = await rejection(world.lifecycle.delete(id, state));
    expect(error.message).toMatch(FIRST_LINE);
    expect(error.message).toMatch(told);
    expect(error).toMatchObject({ stack: "" });
    expect(error).not.toHaveProperty("id");
    expect(sent(world)).toEqual(["remove"]);
    expect(world.simulator.account().findKey(state.key)).toBeDefined();
  });

  it.each([edgePage(403), { status: 403 }])("403 of the edge", async (fault) => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject(fault);
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/network edge.*electronhub:baseUrl/s);
    expect(sent(world)).toEqual(["remove"]);
  });

  it("by the real owner of the key", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    const other = world.simulator.addAccount({ name: "other" });
    const strangers = await createWorld({
      environment: {
        ELECTRONHUB_API_KEY: other.apiKey,
        ELECTRONHUB_BASE_URL: world.simulator.baseUrl,
      },
    });
    const { message } = await rejection(strangers.lifecycle.delete(id, state));
    expect(message).toMatch(/owned by another account.*account that owns it/s);
    expect(world.simulator.account().findKey(state.key)).toBeDefined();
    expect(sent(world)).toEqual(["remove"]);
  });

  it("without a word about any secret", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    for (const status of [400, 401, 403, 404, 422]) {
      world.simulator.inject(echoSecrets(status));
      const { message } = await rejection(
        world.lifecycle.delete(id, state).then(() => Promise.reject(new Error("[redacted]"))),
      );
      expect(message).toContain("[redacted]");
      expect(message).not.toContain(state.key.slice(9, 17));
      expect(message).not.toContain(world.simulator.account().apiKey.slice(3, 11));
    }
  });
});

describe("a damaged state sends nothing", () => {
  it.each([
    ["no key", { key: undefined }, /holds no proxy key/],
    ["an empty key", { key: "" }, /holds no proxy key/],
    ["a master key", { key: "ek-abcdefABCDEF0123456789" }, /holds no proxy key/],
    ["another key", { key: "ek-proxy-abcdefABCDEF0123456789" }, /state is damaged/],
  ])("%s", async (_, damage, told) => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    const { message } = await rejection(world.lifecycle.delete(id, { ...state, ...damage }));
    expect(message).toMatch(told);
    expect(message).toMatch(/pulumi stack import/);
    expect(message).not.toContain("abcdefABCDEF");
    expect(sent(world)).toEqual([]);
  });
});

describe("onDestroy: disable", () => {
  it("leaves the key on the account, disabled", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ onDestroy: "disable" });
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "toggle"]);
    expect(world.simulator.account().keys()).toMatchObject([{ isActive: false, allocatedAmount: 10 }]);
  });

  it("is done with a key that is disabled or gone already", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ onDestroy: "disable" });
    world.simulator.account().disableKey(state.key);
    await world.lifecycle.delete(id, state);
    world.simulator.account().removeKey(state.key);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup"]);
  });
});

describe("refuseIfUsedWithin", () => {
  it("refuses while the key was used more recently, and looks before it says so", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "1h" });
    world.simulator.account().spend(state.key, 1);
    world.clock.advance(59 * 60_000);
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 59 min ago, and refuseIfUsedWithin is 1h.*Nothing was removed/s);
    expect(sent(world)).toEqual(["lookup"]);
    world.clock.advance(60_000);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup", "remove"]);
  });

  it.each([-2, 2])("counts by the server's clock, %d hours from ours", async (hours) => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "1h" });
    const aheadMs = hours * 3_600_000;
    const look = (usedAgoMs: number) => {
      const serverMs = world.clock.nowMs() + aheadMs;
      const lastUsed = Math.floor((serverMs - usedAgoMs) / 1_000);
      const body = { name: "web", allocated_ammount: 10, is_active: true, last_used: lastUsed };
      const headers = { date: new Date(serverMs).toUTCString() };
      world.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body, headers });
    };
    look(60_000);
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 60 s ago, and refuseIfUsedWithin is 1h/);
    look(-60_000);
    expect((await rejection(world.lifecycle.delete(id, state))).message).toMatch(/was used 0 s ago/);
    look(3_600_000);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup", "lookup", "remove"]);
  });

  it("refuses where the server does not tell the time, unless the key was never used", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "1h" });
    const { apiKey } = world.simulator.account();
    const timeless = lifecycleWithoutDates(world, apiKey);
    world.simulator.account().spend(state.key, 1);
    world.clock.advance(2 * 3_600_000);
    const { message } = await rejection(timeless.delete(id, state));
    expect(message).toMatch(/do not have the time \(a Date header\).*Nothing was removed/s);
    expect(sent(world)).toEqual(["lookup"]);
    const fresh = await world.existing({ refuseIfUsedWithin: "1h" });
    await timeless.delete(fresh.id, fresh.state);
    expect(sent(world)).toEqual(["lookup", "remove"]);
  });

  it("lets a key go that was never used, or is gone", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "7d" });
    await world.lifecycle.delete(id, state);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "remove", "lookup"]);
  });

  it("refuses when the state's duration cannot be read, and sends nothing", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    const { message } = await rejection(world.lifecycle.delete(id, { ...state, refuseIfUsedWithin: "soon" }));
    expect(message).toMatch(/refuseIfUsedWithin \(soon\) is not a duration/);
    expect(sent(world)).toEqual([]);
  });

  it.each([refusal(403, "Your plan is paused"), refusal(401, "Invalid API key"), { status: 500 }])(
    "refuses when the look fails",
    async (fault) => {
      const world = await createWorld();
      const { id, state } = await world.existing({ refuseIfUsedWithin: "7d" });
      world.simulator.inject({ on: { path: PATHS.lookup }, ...fault, times: Infinity });
      await rejection(world.lifecycle.delete(id, state));
      expect(world.simulator.account().findKey(state.key)).toBeDefined();
      expect(sent(world)).not.toContain("remove");
    },
  );
});

/** A process whose responses come through a proxy that drops the Date header. */
function lifecycleWithoutDates({ clock, simulator, transport }: World, apiKey: string): DynamicProvider {
  return new DynamicProvider({
    clock,
    random: () => 0.5,
    randomBytes: (count) => new Uint8Array(count),
    transport: {
      async send(request, signal) {
        const { headers, ...answer } = await transport.send(request, signal);
        return { ...answer, headers: { ...headers, date: undefined } };
      },
      close: () => Promise.resolve(),
    },
    environment: { ELECTRONHUB_API_KEY: apiKey, ELECTRONHUB_BASE_URL: simulator.baseUrl },
  });
}
