import { describe, expect, it } from "vitest";
import { readCheckpoint, readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import { secretEnvelope } from "../../../../provider/lifecycle/schema/secretEnvelope";
import {
  PROXY_KEY,
  BUCKET,
  PROVIDER,
  SAVED,
  urn,
  encrypted,
  provider,
  proxyKey,
  deployment,
  mainAccount,
} from "./deployments";

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
