import { describe, expect, it } from "vitest";
import type { CallOptions, ProxyKeyClient } from "../../provider/api/client";
import type { KeySettings } from "../../provider/api/wire";
import { createFixture, PATHS, refusal, sent } from "./fixture";

const SETTINGS: KeySettings = {
  name: "web",
  expires_at: -1,
  allocated_ammount: 10,
  model_whitelist: [],
  ip_whitelist: [],
  limit_type: "daily",
};

type Call = (client: ProxyKeyClient, key: string, context: CallOptions) => Promise<unknown>;

const CHANGES: [keyof typeof PATHS, Call][] = [
  ["create", (client, _, context) => client.create(SETTINGS, context)],
  ["update", (client, key, context) => client.update(key, SETTINGS, context)],
  ["toggle", (client, key, context) => client.toggle(key, context)],
  ["remove", (client, key, context) => client.remove(key, context)],
];

async function fixtureWithKey() {
  const fixture = await createFixture({
    client: { retryPolicy: { maxAttempts: 1, baseDelayMs: 1, maxDelayMs: 1 } },
  });
  const { key } = fixture.simulator.account().addKey({ name: "web" });
  const lists = () => sent(fixture).filter((call) => call === "list").length;
  return { ...fixture, key, lists };
}

describe("the list of keys", () => {
  it("is requested once for all who read it, one after another or at once", async () => {
    const { client, context, key, lists } = await fixtureWithKey();
    await Promise.all([client.keyList.get(context), client.keyList.get(context)]);
    await client.lookup(key, context);
    await client.keyList.get(context);
    expect(lists()).toBe(1);
  });

  it.each(CHANGES)("is requested again after a %s, whether it succeeds or not", async (name, change) => {
    const { simulator, client, context, key, lists } = await fixtureWithKey();
    await client.keyList.get(context);
    simulator.inject({ on: { path: PATHS[name] }, ...refusal(403, "Your plan is paused") });
    await expect(change(client, key, context)).rejects.toThrow("paused");
    await client.keyList.get(context);
    expect(lists()).toBe(2);
    await change(client, key, context);
    await client.keyList.get(context);
    expect(lists()).toBe(3);
  });

  it.each(CHANGES)("that began while a %s was under way is not used after it", async (_name, change) => {
    const { client, context, key, lists } = await fixtureWithKey();
    await client.lookup(key, context);
    const changing = change(client, key, context);
    const during = client.keyList.get(context);
    await changing;
    const after = client.keyList.get(context);
    expect(after).not.toBe(during);
    await Promise.all([during, after]);
    expect(lists()).toBe(2);
  });

  it("stays when a remove finds no such key, and is requested again on demand", async () => {
    const { client, context, lists } = await fixtureWithKey();
    await client.keyList.get(context);
    await expect(client.remove("ek-proxy-anotherKey0123456789", context)).rejects.toThrow("no such key");
    await client.keyList.get(context);
    expect(lists()).toBe(1);
    await client.keyList.fresh(context);
    expect(lists()).toBe(2);
  });

  it("stays when a change was not sent", async () => {
    const { client, context, key, lists } = await fixtureWithKey();
    await client.keyList.get(context);
    const beforeMutation = () => Promise.reject(new Error("not now"));
    await expect(client.remove(key, { ...context, beforeMutation })).rejects.toThrow("not now");
    await client.keyList.get(context);
    expect(lists()).toBe(1);
  });
});
