import { describe, expect, it } from "vitest";
import { readCheckpoint, readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import { secretEnvelope } from "../../../../provider/lifecycle/schema/secretEnvelope";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { PROXY_KEY, urn, encrypted, proxyKey, deployment, mainAccount } from "./deployments";

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
