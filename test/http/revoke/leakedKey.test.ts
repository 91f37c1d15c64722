import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/fingerprint";
import { PATHS, refusal } from "../fixture";
import { revocation, OF_ACCOUNTS } from "./fixture";

describe("a leaked key on stdin", () => {
  it("is looked up, disabled and verified by three requests, then removed, with the list as proof", async () => {
    const scene = await revocation();
    const { key } = scene.simulator
      .account()
      .addKey({ name: "bot", allocatedAmount: 25, usedAmount: 5, modelWhitelist: ["gpt-4o"] });
    scene.simulator.account().addKey({ name: "other" });
    const receipt = await scene.revoke(["--yes"], key);
    expect(scene.sentSince()).toEqual(["lookup", "toggle", "lookup", "remove", "list"]);
    const instant = expect.stringMatching(/^2026-01-01T00:00:\d\d\.\d{3}Z$/);
    expect(receipt).toMatchObject({
      command: "revoke",
      dryRun: false,
      exitCode: 0,
      creditsReturned: 20,
      keys: [
        {
          name: "bot",
          fingerprint: fingerprintOf(key),
          outcome: "removed",
          wasEnabled: true,
          budget: 25,
          usedBudget: 5,
          disabledAt: instant,
          removedAt: instant,
          provenAt: instant,
          settings: { name: "bot", budget: 25, models: ["gpt-4o"], enabled: true },
          problems: [],
        },
      ],
      notLookedUp: [
        expect.stringMatching(/^The stacks could not be looked up: There is no folder \/nowhere/),
      ],
    });
    expect(await scene.audited()).toMatchObject([
      { action: "disable", outcome: "disabled", name: "bot", fingerprint: fingerprintOf(key), requests: 3 },
      { action: "delete", outcome: "removed", name: "bot", settings: { budget: 25, enabled: true } },
    ]);
    expect(scene.simulator.account().keys()).toMatchObject([{ name: "other", isActive: true }]);
  });

  it("that is disabled already costs one request and no toggle", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot", isActive: false });
    const receipt = await scene.revoke(["--disable-only", "--yes"], key);
    expect(scene.sentSince()).toEqual(["lookup"]);
    expect(receipt).toMatchObject({
      exitCode: 0,
      keys: [{ outcome: "disabled", wasEnabled: false, disabledAt: null }],
    });
    expect(await scene.audited()).toMatchObject([{ action: "disable", outcome: "already disabled" }]);
  });

  it("that is gone already is done, with the list as proof", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    scene.simulator.account().removeKey(key);
    const receipt = await scene.revoke(["--yes"], key);
    expect(scene.sentSince()).toEqual(["lookup", "list"]);
    expect(receipt).toMatchObject({
      exitCode: 0,
      creditsReturned: 0,
      keys: [{ outcome: "already-gone", provenAt: expect.any(String), problems: [] }],
    });
  });

  it.each([
    ["its first half", (key: string) => key.slice(0, 24)],
    ["its last half", (key: string) => `ek-proxy-${key.slice(24)}`],
    ["with the full stop of a sentence", (key: string) => `${key}.`],
    ["in upper case", (key: string) => key.toUpperCase().replace("EK-PROXY-", "ek-proxy-")],
    ["pasted twice", (key: string) => `${key}/${key}`],
  ])("that is not copied exactly is not reported as removed: %s", async (_, copied) => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    const meant = fingerprintOf(key);
    for (const args of [["--yes"], ["--yes", "--disable-only"], []]) {
      expect(await scene.revoke(args, copied(key))).toMatchObject({
        exitCode: args.length === 0 ? 1 : 3,
        keys: [
          {
            outcome: "unknown",
            provenAt: null,
            problems: [
              {
                why: expect.stringContaining(`"bot" (${meant})`),
                nextStep: expect.stringContaining(`--fingerprint ${meant}`),
              },
            ],
          },
        ],
      });
    }
    expect(scene.simulator.account().keys()).toMatchObject([{ isActive: true }]);
  });

  it("is not reported as disabled while that is not verified", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    scene.simulator.inject({
      on: { path: PATHS.lookup },
      skip: 1,
      times: Infinity,
      ...refusal(500, "broken"),
    });
    expect(await scene.revoke(["--yes", "--disable-only"], key)).toMatchObject({
      exitCode: 1,
      keys: [{ outcome: "failed", disabledAt: null }],
    });
  });

  it("is only shown by a dry run", async () => {
    const scene = await revocation(OF_ACCOUNTS);
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    const receipt = await scene.revoke([], key);
    expect(receipt).toMatchObject({
      dryRun: true,
      exitCode: 0,
      keys: [{ name: "bot", outcome: "would-revoke" }],
    });
    expect(scene.sentSince()).toEqual(["lookup"]);
    const foreign = scene.simulator.account("other").addKey({ name: "theirs" });
    expect(await scene.revoke([], foreign.key)).toMatchObject({
      exitCode: 1,
      keys: [{ outcome: "foreign" }],
    });
    expect(await scene.audited()).toEqual([]);
  });
});
