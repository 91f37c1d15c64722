import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../provider/api/wire";
import { keyFilter, type GetProxyKeysArgs } from "../../../provider/functions/keyFilter";
import { infoOf } from "../../../provider/functions/infoOf";
import { NOW_MS, thrown, wireKey } from "../fixture";

const NOW_S = NOW_MS / 1_000;
const DAY_S = 86_400;

const KEYS: readonly KeyObject[] = [
  wireKey({ name: "ci-never" }),
  wireKey({ name: "ci-gone", expires_at: NOW_S }),
  wireKey({ name: "web-soon", expires_at: NOW_S + 1 }),
  wireKey({ name: "web-week", expires_at: NOW_S + 7 * DAY_S, is_active: false }),
];

function names(args: GetProxyKeysArgs): string[] {
  return KEYS.map((wire) => infoOf(wire, NOW_MS))
    .filter(keyFilter(args, NOW_MS))
    .map(({ name }) => name);
}

describe("which keys are among those asked for", () => {
  it.each<[GetProxyKeysArgs, string[]]>([
    [{}, ["ci-never", "ci-gone", "web-soon", "web-week"]],
    [
      { namePrefix: undefined, enabled: undefined, expired: undefined, expiresBefore: undefined },
      ["ci-never", "ci-gone", "web-soon", "web-week"],
    ],
    [{ namePrefix: "ci-" }, ["ci-never", "ci-gone"]],
    [{ namePrefix: "CI-" }, []],
    [{ namePrefix: "" }, ["ci-never", "ci-gone", "web-soon", "web-week"]],
    [{ enabled: true }, ["ci-never", "ci-gone", "web-soon"]],
    [{ enabled: false }, ["web-week"]],
    // The second in which a key expires is its last.
    [{ expired: true }, ["ci-gone"]],
    [{ expired: false }, ["ci-never", "web-soon", "web-week"]],
    [{ expiresWithin: "1s" }, ["web-soon"]],
    [{ expiresWithin: "7d" }, ["web-soon", "web-week"]],
    [{ expiresWithin: "6.9d" }, ["web-soon"]],
    [{ expiresWithin: "0s" }, []],
    [{ expiresBefore: "2026-01-08" }, ["ci-gone", "web-soon"]],
    [{ expiresBefore: "2026-01-08T00:00:01Z" }, ["ci-gone", "web-soon", "web-week"]],
    [{ expiresBefore: "2026-01-08T01:00:01+01:00" }, ["ci-gone", "web-soon", "web-week"]],
    [{ expiresBefore: NOW_S }, []],
    [{ expiresBefore: NOW_S + 1, expired: true }, ["ci-gone"]],
    [{ namePrefix: "web-", enabled: true, expiresWithin: "30d" }, ["web-soon"]],
  ])("%j", (args, expected) => {
    expect(names(args)).toEqual(expected);
  });

  it.each<GetProxyKeysArgs>([
    { enabled: true },
    { enabled: false },
    { expired: true },
    { expired: false },
    { expiresWithin: "7d" },
    { expiresBefore: "2030-01-01" },
  ])("a key of which the list does not tell is not, by %j", (args) => {
    const wire = wireKey({ is_active: undefined, expires_at: undefined, model_whitelist: undefined });
    const info = infoOf(wire, NOW_MS);
    expect(keyFilter(args, NOW_MS)(info)).toBe(false);
    expect(Object.keys(info)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^e|^models/)]));
  });

  it.each<[GetProxyKeysArgs, string]>([
    [{ expiresWithin: "soon" }, "`expiresWithin` is not a duration"],
    [{ expiresWithin: "14" }, "`expiresWithin` is not a duration"],
    [{ expiresBefore: "never" }, "`expiresBefore` is not an instant"],
    [{ expiresBefore: "tomorrow" }, "`expiresBefore` is not an instant"],
    [{ expiresBefore: Number.NaN }, "`expiresBefore` is not an instant"],
    // Milliseconds would be a date in the far future, with which every key would be listed.
    [{ expiresBefore: NOW_MS }, "`expiresBefore` is not an instant"],
  ])("is refused where it can only be a mistake: %j", (args, why) => {
    expect(thrown(() => keyFilter(args, NOW_MS))).toMatchObject({ why: expect.stringContaining(why) });
  });
});

describe("the info of a key", () => {
  it("has everything but the key itself", () => {
    const info = infoOf(
      wireKey({
        expires_at: NOW_S - 1,
        used_ammount: 2.5,
        is_active: false,
        model_whitelist: ["o3", "gpt-4o"],
        ip_whitelist: ["10.0.0.0/8"],
        last_used: NOW_S,
      }),
      NOW_MS,
    );
    expect(info).toEqual({
      name: "web",
      budget: 10,
      expiresAt: "2025-12-31T23:59:59Z",
      models: ["gpt-4o", "o3"],
      allowedIps: ["10.0.0.0/8"],
      enabled: false,
      expired: true,
      fingerprint: expect.stringMatching(/^pk-[0-9a-f]{16}$/),
      createdAt: "2026-01-01T00:00:00Z",
      lastUsedAt: "2026-01-01T00:00:00Z",
      usedBudget: 2.5,
    });
  });

  it("leaves out what the account does not tell", () => {
    const info = infoOf(wireKey({ key: undefined, created_at: undefined }), NOW_MS);
    expect(Object.keys(info)).not.toEqual(expect.arrayContaining(["fingerprint"]));
    expect(info).toEqual({
      name: "web",
      budget: 10,
      expiresAt: "never",
      models: "all",
      allowedIps: "any",
      enabled: true,
      expired: false,
      usedBudget: 0,
    });
  });
});
