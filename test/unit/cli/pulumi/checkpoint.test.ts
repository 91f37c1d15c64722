import { describe, expect, it } from "vitest";
import { readCheckpoint, readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import { secretEnvelope } from "../../../../provider/lifecycle/schema/secretEnvelope";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";

const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const PROVIDER = "pulumi:providers:pulumi-nodejs";
const BUCKET = "aws:s3/bucket:Bucket";
const SAVED = "2026-11-24T11:52:16.795476678Z";

const urn = (type: string, name: string) => `urn:pulumi:dev::app::${type}::${name}`;
const stackItself = { urn: urn("pulumi:pulumi:Stack", "app-dev"), type: "pulumi:pulumi:Stack" };

function encrypted(): Record<string, string> {
  const [entry] = Object.entries(secretEnvelope(""));
  return { ...(entry === undefined ? {} : { [entry[0]]: entry[1] }), ciphertext: "v1:nonce:text" };
}

function provider(name: string, inputs: Record<string, unknown>) {
  return { urn: urn(PROVIDER, name), type: PROVIDER, id: `id-of-${name}`, custom: true, inputs };
}

function proxyKey(name: string, changes: Record<string, unknown> = {}) {
  return {
    urn: urn(PROXY_KEY, name),
    type: PROXY_KEY,
    id: `pk-${name}`,
    custom: true,
    provider: `${urn(PROVIDER, "default")}::id-of-default`,
    inputs: { name: `${name}-inputs`, budget: 10 },
    outputs: { name: `${name}-on-account`, key: secretEnvelope(`made-up-${name}`), onDestroy: "remove" },
    ...changes,
  };
}

function deployment(resources: unknown[], pending: unknown[] = []) {
  return { manifest: { time: SAVED }, resources: [stackItself, ...resources], pending_operations: pending };
}

const mainAccount = provider("default", {
  version: "3.270.0",
  "electronhub:apiKey": secretEnvelope("made-up-api-key"),
  "electronhub:baseUrl": "http://127.0.0.1:1/v1",
  nested: { a: 1 },
});

describe("a state", () => {
  it("has keys, with the settings of their accounts in clear", () => {
    const { keys, savedMs, resourceCount, pendingCount } = readCheckpoint(
      deployment([mainAccount, proxyKey("bot")]),
    );
    expect(keys).toEqual([
      {
        urn: urn(PROXY_KEY, "bot"),
        resource: "bot",
        fingerprint: "pk-bot",
        secret: "made-up-bot",
        name: "bot-on-account",
        account: {
          version: "3.270.0",
          "electronhub:apiKey": "made-up-api-key",
          "electronhub:baseUrl": "http://127.0.0.1:1/v1",
        },
        kept: undefined,
        labels: undefined,
      },
    ]);
    expect({ savedMs, resourceCount, pendingCount }).toEqual({
      savedMs: Date.parse(SAVED),
      resourceCount: 2,
      pendingCount: 0,
    });
  });

  it("may be encrypted, and then says nothing that is secret", () => {
    const key = proxyKey("bot", { outputs: { name: encrypted(), key: encrypted() } });
    const account = provider("default", { "electronhub:apiKey": encrypted() });
    expect(readCheckpoint(deployment([account, key])).keys).toMatchObject([
      { fingerprint: "pk-bot", name: undefined, account: {} },
    ]);
  });

  it("may be empty, or lack any of its sections", () => {
    const nothing = {
      savedMs: undefined,
      keys: [],
      pending: [],
      pendingCount: 0,
      otherPending: [],
      resourceCount: 0,
      otherCount: 0,
      accounts: [],
      unknownTypes: [],
    };
    for (const empty of [
      undefined,
      null,
      {},
      { resources: null, pending_operations: null },
      { manifest: {} },
    ]) {
      expect(readCheckpoint(empty)).toEqual(nothing);
      expect(readStackKeys(empty)).toEqual({
        fingerprints: [],
        inMaking: [],
        hasHiddenKeys: false,
        unknownTypes: [],
        providers: [],
      });
    }
    expect(readCheckpoint(deployment([{ urn: urn(PROXY_KEY, "bare"), type: PROXY_KEY }])).keys).toMatchObject(
      [{ resource: "bare", fingerprint: "", name: undefined, account: undefined }],
    );
  });

  it("that is no state is refused", () => {
    expect(() => readCheckpoint({ resources: [{ type: PROXY_KEY }] })).toThrow();
    expect(() => readStackKeys("text")).toThrow();
  });

  it("has a replaced key twice until the old one is removed", () => {
    const old = proxyKey("bot", { id: "pk-old", delete: true });
    const both = deployment([mainAccount, proxyKey("bot"), old]);
    expect(readCheckpoint(both).keys.map(({ fingerprint }) => fingerprint)).toEqual(["pk-bot", "pk-old"]);
    expect(readStackKeys(both).fingerprints).toEqual(["pk-bot", "pk-old"]);
  });

  it("names the account of each key, and those that no key belongs to", () => {
    const team = provider("team", { "electronhub:apiKey": secretEnvelope("made-up-team-key") });
    const idle = provider("idle", { "electronhub:apiKey": secretEnvelope("made-up-idle-key") });
    const ofTheEnvironment = provider("plain", { version: "3.270.0" });
    const ofTeam = proxyKey("of-team", { provider: `${team.urn}::${team.id}` });
    const ofUnknown = proxyKey("of-unknown", { provider: `${urn(PROVIDER, "gone")}::id` });
    const { keys, accounts } = readCheckpoint(
      deployment([mainAccount, team, idle, ofTheEnvironment, proxyKey("bot"), ofTeam, ofUnknown]),
    );
    expect(keys.map(({ account }) => account?.["electronhub:apiKey"])).toEqual([
      "made-up-api-key",
      "made-up-team-key",
      undefined,
    ]);
    expect(accounts.map((settings) => settings["electronhub:apiKey"])).toEqual([
      "made-up-api-key",
      "made-up-team-key",
      "made-up-idle-key",
    ]);
  });

  it("distinguishes an account from its replacement of the same name", () => {
    const before = {
      ...mainAccount,
      id: "before",
      delete: true,
      inputs: { "electronhub:apiKey": "made-up-old" },
    };
    const key = proxyKey("bot", { provider: `${mainAccount.urn}::before` });
    const { keys } = readCheckpoint(deployment([mainAccount, before, key, proxyKey("new")]));
    expect(keys.map(({ account }) => account?.["electronhub:apiKey"])).toEqual([
      "made-up-old",
      "made-up-api-key",
    ]);
  });

  it("counts foreign resources and looks at none of them", () => {
    const bucket = { urn: urn(BUCKET, "bot"), type: BUCKET, id: "pk-bot", inputs: { name: "bot" } };
    const rotation = proxyKey("rotation", { type: "pulumi-nodejs:dynamic/electronhub:Rotation" });
    const state = deployment([bucket, rotation], [{ type: "creating", resource: bucket }]);
    expect(readCheckpoint(state)).toMatchObject({
      keys: [],
      pending: [],
      pendingCount: 1,
      otherPending: [urn(BUCKET, "bot")],
      resourceCount: 2,
      otherCount: 2,
    });
    expect(readStackKeys(state)).toMatchObject({ fingerprints: [], inMaking: [], hasHiddenKeys: false });
  });

  it("says which keys a destroy leaves on the account", () => {
    const keys = [
      proxyKey("parked", { outputs: { onDestroy: "disable" } }),
      proxyKey("retained", { retainOnDelete: true }),
      proxyKey("both", { retainOnDelete: true, outputs: { onDestroy: "disable" } }),
      proxyKey("secret", { outputs: { onDestroy: secretEnvelope("disable") } }),
      proxyKey("plain"),
    ];
    expect(readCheckpoint(deployment(keys)).keys.map(({ kept }) => kept)).toEqual([
      "disable",
      "retainOnDelete",
      "retainOnDelete",
      "disable",
      undefined,
    ]);
  });
});

describe("an interrupted operation", () => {
  it("that the engine saved with the key's id is a key in the making, not a key of the stack", () => {
    const resource = { ...proxyKey("made"), inputs: { __createdAs: "bot-abcdefg" } };
    const state = deployment([mainAccount], [{ type: "creating", resource }]);
    expect(readStackKeys(state)).toMatchObject({
      fingerprints: [],
      inMaking: expect.arrayContaining(["pk-made", "bot-abcdefg"]),
    });
    expect(readCheckpoint(state).pending).toMatchObject([{ fingerprint: "pk-made" }]);
    // Nothing was created where a key is adopted: it is the stack's as soon as the operation begins.
    const adopted = { ...resource, inputs: { adopt: secretEnvelope("made-up-adopted") } };
    const adoption = deployment([mainAccount], [{ type: "creating", resource: adopted }]);
    expect(readStackKeys(adoption).fingerprints).toContain("pk-made");
  });

  const pendingKey = proxyKey("bot", {
    id: undefined,
    outputs: undefined,
    inputs: { __createdAs: "bot-abcdefg", budget: 10, models: secretEnvelope(["a"]), __account: "abc" },
  });

  it("that is a creation has its account and its name", () => {
    const { pending } = readCheckpoint(
      deployment([mainAccount], [{ type: "creating", resource: pendingKey }]),
    );
    expect(pending).toEqual([
      {
        urn: urn(PROXY_KEY, "bot"),
        resource: "bot",
        name: "bot-abcdefg",
        createdAs: "bot-abcdefg",
        chosenName: undefined,
        isAdoption: false,
        labels: undefined,
        account: expect.objectContaining({ "electronhub:apiKey": "made-up-api-key" }),
        sentTo: "abc",
      },
    ]);
  });

  it.each([
    [{ __createdAs: "bot-abcdefg", name: secretEnvelope("billing") }, "billing", "bot-abcdefg", "billing"],
    [{ __createdAs: "bot-abcdefg" }, "bot-abcdefg", "bot-abcdefg", undefined],
    [{ name: "billing" }, "billing", undefined, "billing"],
    [{}, undefined, undefined, undefined],
  ])(
    "says under which name the key is created, and which one it gets: %j",
    (inputs, name, createdAs, chosenName) => {
      const operation = { type: "creating", resource: { ...pendingKey, inputs } };
      const { pending } = readCheckpoint(deployment([], [operation]));
      expect(pending).toMatchObject([{ name, createdAs, chosenName, sentTo: undefined }]);
    },
  );

  it("of any other type is ignored: the next run does it again", () => {
    for (const type of ["updating", "deleting", "reading", "importing"]) {
      const state = deployment([mainAccount], [{ type, resource: pendingKey }]);
      expect(readCheckpoint(state), type).toMatchObject({ pending: [], pendingCount: 0 });
    }
  });

  it("may be the taking over of a key that was there before", () => {
    const adopting = { ...pendingKey, inputs: { adopt: secretEnvelope("made-up-adopted") } };
    const { pending } = readCheckpoint(deployment([], [{ type: "creating", resource: adopting }]));
    expect(pending).toMatchObject([
      { isAdoption: true, createdAs: undefined, name: undefined, account: undefined },
    ]);
  });

  it("names the key in the making, so that it does not look unowned", () => {
    for (const type of ["creating", "updating", "deleting"]) {
      expect(readStackKeys(deployment([], [{ type, resource: pendingKey }])), type).toEqual({
        fingerprints: [],
        inMaking: ["bot-abcdefg"],
        hasHiddenKeys: false,
        unknownTypes: [],
        providers: [],
      });
    }
  });

  it.each<[string, Record<string, unknown>, { fingerprints?: string[]; inMaking?: string[] }]>([
    [
      "a chosen name",
      { __createdAs: "bot-abcdefg", name: secretEnvelope("billing") },
      { inMaking: ["bot-abcdefg", "billing"] },
    ],
    ["a generated name", { __createdAs: secretEnvelope("bot-abcdefg") }, { inMaking: ["bot-abcdefg"] }],
    [
      "a key that is taken over",
      { name: "bot", adopt: secretEnvelope("made-up-adopted") },
      { inMaking: ["bot"], fingerprints: [fingerprintOf("made-up-adopted")] },
    ],
  ])("may name it only where secrets are in clear: %s", (_, inputs, names) => {
    const stateOf = (changed: Record<string, unknown>) =>
      deployment([proxyKey("made")], [{ type: "creating", resource: { ...pendingKey, inputs: changed } }]);
    const veiled = Object.entries(inputs).map(([name, value]) => [
      name,
      typeof value === "string" ? value : encrypted(),
    ]);
    expect(readStackKeys(stateOf(Object.fromEntries(veiled)))).toMatchObject({
      fingerprints: ["pk-made"],
      hasHiddenKeys: true,
    });
    expect(readStackKeys(stateOf(inputs))).toEqual({
      inMaking: [],
      ...names,
      fingerprints: ["pk-made", ...(names.fingerprints ?? [])],
      hasHiddenKeys: false,
      unknownTypes: [],
      providers: ["dynamic"],
    });
  });
});
