import { expect, it } from "vitest";
import type { ProxyKeyProvider } from "../../../provider/lifecycle/provider";
import { proxyKeyVerbs } from "../../../provider/plugin/proxyKeyVerbs";
import { fingerprintOf } from "../../../provider/lifecycle/schema/fingerprint";
import type { Properties } from "../../../provider/lifecycle/schema/inputs";
import { SECRET } from "../fixture";

const DAY_MS = 86_400_000;
const CREATED_MS = Date.parse("2026-01-01T00:00:00Z");
const declared = { budget: 20, expiresIn: "10d", renewBefore: "1d" };
const state = { ...declared, budget: 10, name: "bot", expiresAt: "2026-01-11T00:00:00Z" };

/** What an update asks the lifecycle for, at a time. */
async function updated(nowMs: number, renew: string): Promise<Properties> {
  let asked: Properties = {};
  const lifecycle = {
    nowMs: () => nowMs,
    update: (_id: string, _state: Properties, inputs: Properties) => {
      asked = inputs;
      return Promise.resolve({ outs: inputs });
    },
  };
  const { update } = proxyKeyVerbs(lifecycle as unknown as ProxyKeyProvider, () => {}, new Map());
  await update("pk-1", { ...state, renew }, { ...declared, renew }, {});
  return asked;
}

it("an update keeps the expiry of a key whose rotation has become due since the engine compared it", async () => {
  const asked = await updated(CREATED_MS + 9.5 * DAY_MS, "rotate");
  expect(asked).toMatchObject({ budget: 20, expiresAt: state.expiresAt, renewBefore: "1d" });
  expect(asked).not.toHaveProperty("__renewal");
});

it("an update extends a key that is due to be extended", async () => {
  const asked = await updated(CREATED_MS + 9.5 * DAY_MS, "extend");
  expect(asked["expiresAt"]).toBe("2026-01-20T12:00:00Z");
});

const URN = "urn:pulumi:dev::shop::electronhub:index:ProxyKey::bot";

it.each([
  ["imports or reads", {}, []],
  ["has refreshed, of a state without the key", { fingerprint: fingerprintOf(SECRET) }, ["bot"]],
])("a deletion of the key that the run %s", async (_, stored, removed) => {
  const asked: string[] = [];
  const lifecycle = {
    begin: () => ({
      account: "a",
      client: { keyList: { get: () => Promise.resolve({ keys: [{ key: SECRET, name: "bot" }] }) } },
      settings: { apiKey: "none" },
    }),
    read: (id: string, props: Properties) => Promise.resolve({ id, props, inputs: {} }),
    delete: (_id: string, { name }: Properties) => Promise.resolve(void asked.push(String(name))),
  };
  const verbs = proxyKeyVerbs(lifecycle as unknown as ProxyKeyProvider, () => {}, new Map());
  const found = await verbs.read("bot", stored, {}, URN);
  await verbs.delete(String(found?.id), { name: "bot" }, {}, URN);
  expect(asked).toEqual(removed);
});
