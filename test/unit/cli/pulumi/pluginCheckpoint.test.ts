import { describe, expect, it } from "vitest";
import { readCheckpoint, readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import { secretEnvelope } from "../../../../provider/lifecycle/schema/secretEnvelope";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { encrypted, pluginStack } from "../../../support/pluginState";

const DYNAMIC_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const DYNAMIC_PROVIDER = "pulumi:providers:pulumi-nodejs";
const MAIN = { apiKey: "made-up-main", baseUrl: "http://127.0.0.1:1/v1" };
const TEAM = { apiKey: "made-up-team", baseUrl: "http://127.0.0.1:2/v1" };

const stack = pluginStack("dev", "app");
const provider = stack.provider(MAIN);
const bot = { name: "bot-abcdefg", secret: "made-up-bot", provider };

/** A resource of the dynamic provider, and its provider. */
function dynamicStack() {
  const inputs = { "electronhub:apiKey": secretEnvelope(MAIN.apiKey), "electronhub:baseUrl": MAIN.baseUrl };
  const urn = stack.urn(DYNAMIC_PROVIDER, "default");
  return [
    { urn, type: DYNAMIC_PROVIDER, id: "dynamic", custom: true, inputs },
    {
      urn: stack.urn(DYNAMIC_KEY, "old"),
      type: DYNAMIC_KEY,
      id: fingerprintOf("made-up-old"),
      custom: true,
      provider: `${urn}::dynamic`,
      outputs: { name: "old-abcdefg", models: "all", key: secretEnvelope("made-up-old") },
    },
  ];
}

describe("a state of the provider plugin", () => {
  it("has keys, with the settings of their accounts by their names in the stack's configuration", () => {
    const checkpoint = readCheckpoint(stack.deployment([provider, stack.key("bot", bot)]));
    expect(checkpoint.keys).toEqual([
      {
        urn: "urn:pulumi:dev::app::electronhub:index:ProxyKey::bot",
        resource: "bot",
        fingerprint: fingerprintOf(bot.secret),
        secret: bot.secret,
        name: bot.name,
        account: { "electronhub:apiKey": MAIN.apiKey, "electronhub:baseUrl": MAIN.baseUrl },
        sentTo: "0123456789abcdef0123456789abcdef",
        server: undefined,
        kept: undefined,
        labels: undefined,
      },
    ]);
    expect(checkpoint).toMatchObject({
      resourceCount: 2,
      otherCount: 0,
      accounts: [checkpoint.keys[0]?.account],
    });
  });

  it("has keys whose models are a list, or absent for all", () => {
    const some = stack.key("some", { ...bot, changes: { models: ["gpt-4o"], allowedIps: ["10.0.0.0/8"] } });
    const state = stack.deployment([provider, stack.key("all", { ...bot, secret: "made-up-all" }), some]);
    expect(readCheckpoint(state).keys.map(({ resource }) => resource)).toEqual(["all", "some"]);
    expect(readStackKeys(state)).toMatchObject({
      fingerprints: ["made-up-all", bot.secret].map(fingerprintOf),
      providers: ["plugin"],
    });
  });

  it("may be encrypted, and then says nothing that is secret", () => {
    const key = stack.key("bot", { ...bot, changes: { name: secretEnvelope("hidden") } });
    const state = encrypted(stack.deployment([provider, key]));
    expect(readCheckpoint(state).keys).toMatchObject([
      {
        fingerprint: fingerprintOf(bot.secret),
        secret: undefined,
        name: undefined,
        account: { "electronhub:baseUrl": MAIN.baseUrl },
      },
    ]);
    expect(readStackKeys(state)).toMatchObject({
      fingerprints: [fingerprintOf(bot.secret)],
      hasHiddenKeys: false,
    });
  });

  it("names the account of each key, whose settings the environment may have", () => {
    const team = stack.provider(TEAM, "team");
    const plain = stack.provider({}, "plain");
    const keys = [
      stack.key("bot", bot),
      stack.key("of-team", { name: "t", secret: "made-up-t", provider: team }),
      stack.key("of-environment", { name: "e", secret: "made-up-e", provider: plain }),
      stack.key("of-unknown", { name: "u", secret: "made-up-u", provider: stack.provider(TEAM, "gone") }),
    ];
    const checkpoint = readCheckpoint(stack.deployment([provider, team, plain, ...keys]));
    expect(checkpoint.keys.map(({ account }) => account)).toEqual([
      { "electronhub:apiKey": MAIN.apiKey, "electronhub:baseUrl": MAIN.baseUrl },
      { "electronhub:apiKey": TEAM.apiKey, "electronhub:baseUrl": TEAM.baseUrl },
      {},
      undefined,
    ]);
    expect(checkpoint.accounts).toHaveLength(2);
  });

  it("counts a rotating key's component and records as other resources", () => {
    const state = stack.deployment([provider, ...stack.rotating("rotating", provider)]);
    expect(readCheckpoint(state)).toMatchObject({ keys: [], resourceCount: 3, otherCount: 2 });
    expect(readStackKeys(state).fingerprints).toEqual([]);
  });

  it("says which keys a destroy leaves on the account, with those that the program only reads", () => {
    const keys = [
      stack.key("parked", { ...bot, changes: { onDestroy: "disable" } }),
      { ...stack.key("retained", bot), retainOnDelete: true },
      stack.external("read", bot),
      { ...stack.external("read-and-retained", bot), retainOnDelete: true },
      stack.key("plain", bot),
    ];
    expect(readCheckpoint(stack.deployment([provider, ...keys])).keys.map(({ kept }) => kept)).toEqual([
      "disable",
      "retainOnDelete",
      "external",
      "external",
      undefined,
    ]);
  });
});

describe("a state with resources of both providers, as of a stack that was taken over in part", () => {
  it("has the keys of both, each with its account, and the settings of both providers", () => {
    const [dynamicProvider, old] = dynamicStack();
    const creation = stack.creation("next", provider, { __createdAs: "next-abcdefg" });
    const state = stack.deployment([], [creation]);
    const resources = [...(state.resources ?? []), dynamicProvider, old, provider, stack.key("bot", bot)];
    const { keys, accounts, otherCount, pending } = readCheckpoint({ ...state, resources });
    const account = { "electronhub:apiKey": MAIN.apiKey, "electronhub:baseUrl": MAIN.baseUrl };
    expect(keys).toMatchObject([
      { resource: "old", secret: "made-up-old", account },
      { resource: "bot", secret: bot.secret, account },
    ]);
    expect(accounts).toEqual([account, account]);
    expect(otherCount).toBe(0);
    expect(pending).toMatchObject([{ resource: "next", createdAs: "next-abcdefg", account }]);
    expect(readStackKeys({ ...state, resources })).toMatchObject({
      fingerprints: ["made-up-old", bot.secret].map(fingerprintOf),
      inMaking: ["next-abcdefg"],
      providers: ["dynamic", "plugin"],
    });
  });
});

describe("an interrupted operation of the provider plugin", () => {
  it("that is a creation has its account and its names", () => {
    const inputs = { name: secretEnvelope("billing"), __createdAs: "bot-abcdefg", __account: "abc" };
    const state = stack.deployment([provider], [stack.creation("bot", provider, inputs)]);
    expect(readCheckpoint(state)).toMatchObject({
      pendingCount: 1,
      otherPending: [],
      pending: [
        {
          urn: "urn:pulumi:dev::app::electronhub:index:ProxyKey::bot",
          resource: "bot",
          name: "billing",
          createdAs: "bot-abcdefg",
          chosenName: "billing",
          isAdoption: false,
          labels: undefined,
          account: { "electronhub:apiKey": MAIN.apiKey },
          sentTo: "abc",
        },
      ],
    });
    expect(readStackKeys(state)).toMatchObject({
      inMaking: ["bot-abcdefg", "billing"],
      hasHiddenKeys: false,
    });
    expect(readStackKeys(encrypted(state))).toMatchObject({ inMaking: ["bot-abcdefg"], hasHiddenKeys: true });
  });

  it("that adopts a key names the key", () => {
    const inputs = { adopt: secretEnvelope("made-up-adopted") };
    const state = stack.deployment([provider], [stack.creation("bot", provider, inputs)]);
    expect(readCheckpoint(state).pending).toMatchObject([{ isAdoption: true, createdAs: undefined }]);
    expect(readStackKeys(state)).toMatchObject({
      fingerprints: [fingerprintOf("made-up-adopted")],
      hasHiddenKeys: false,
    });
  });

  it("that creates a rotating key's record makes no key", () => {
    const [, record] = stack.rotating("rotating", provider);
    const state = {
      ...stack.deployment([provider]),
      pending_operations: [{ type: "creating", resource: record }],
    };
    expect(readCheckpoint(state)).toMatchObject({ pending: [], pendingCount: 1, otherPending: [] });
  });

  it.each([
    [
      "by its fingerprint",
      "importing",
      { importID: "pk-0123456789abcdef" },
      { fingerprints: ["pk-0123456789abcdef"] },
    ],
    ["by its name", "importing", { importID: "team bot" }, { inMaking: ["team bot"] }],
    ["by its name, only to read it", "reading", { id: "team bot" }, { inMaking: ["team bot"] }],
  ])("that takes a key over %s names the key", (_, type, ids, expected) => {
    const { resource } = stack.creation("bot", provider, {});
    const operation = { type, resource: { ...resource, ...ids } };
    const { fingerprints, inMaking } = readStackKeys(stack.deployment([provider], [operation]));
    const listed = { fingerprints, inMaking };
    for (const [kind, texts] of Object.entries(expected))
      expect(listed[kind as "inMaking"], kind).toEqual(expect.arrayContaining(texts));
  });
});
