import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../../provider/api/wire";
import { excludedBy, fingerprints } from "../../../../provider/cli/cleanup/orphanFilter";
import { NOW_MS, wireKey } from "../../fixture";

const HOUR_MS = 3_600_000;
const NOW_S = NOW_MS / 1_000;
const DAY_S = 86_400;

describe("a key counts as unused for an hour", () => {
  const excluded = (changes: Partial<KeyObject>, serverNowMs: number | undefined = NOW_MS) =>
    excludedBy({ wire: wireKey(changes), fingerprint: "pk-1" }, { unusedFor: HOUR_MS }, serverNowMs);

  it.each<[string, Partial<KeyObject>]>([
    ["was used that long ago", { created_at: NOW_S - DAY_S, last_used: NOW_S - 3_600 }],
    ["was created that long ago, and never used", { created_at: NOW_S - 3_600, last_used: null }],
    ["was used long ago, and has no time of creation", { created_at: undefined, last_used: NOW_S - DAY_S }],
  ])("when it %s", (_, changes) => {
    expect(excluded(changes)).toBeUndefined();
  });

  it.each<[string, Partial<KeyObject>]>([
    ["was used since", { created_at: NOW_S - DAY_S, last_used: NOW_S - 3_599 }],
    ["was created since", { created_at: NOW_S - 60, last_used: null }],
    ["was created since, with an earlier last use", { created_at: NOW_S - 60, last_used: 0 }],
    ["was created in the future", { created_at: NOW_S + DAY_S, last_used: NOW_S - DAY_S }],
    ["was used in the future", { created_at: NOW_S - DAY_S, last_used: NOW_S + DAY_S }],
    ["has no time of its last use", { created_at: NOW_S - DAY_S, last_used: undefined }],
    ["has no time at all", { created_at: undefined, last_used: null }],
  ])("but not when it %s", (_, changes) => {
    expect(excluded(changes)).toBe("--unused-for");
  });

  it("never without the server's time", () => {
    const key = { wire: wireKey({ created_at: NOW_S - DAY_S, last_used: null }), fingerprint: "pk-1" };
    expect(excludedBy(key, { unusedFor: HOUR_MS }, undefined)).toBe("--unused-for");
  });
});

describe("a key is excluded by", () => {
  const excluded = (
    filter: Parameters<typeof excludedBy>[1],
    changes: Partial<KeyObject>,
    serverNowMs: number | undefined = NOW_MS,
  ) => excludedBy({ wire: wireKey(changes), fingerprint: "pk-1" }, filter, serverNowMs);

  it.each([
    [false, undefined],
    [true, "--disabled"],
    [undefined, "--disabled"],
  ])("--disabled when is_active is %j: %j", (isActive, option) => {
    expect(excluded({ disabled: true }, { is_active: isActive })).toBe(option);
    expect(excluded({ disabled: true }, { is_active: isActive }, undefined)).toBe(option);
  });

  it.each([
    [NOW_S, undefined],
    [NOW_S - DAY_S, undefined],
    [NOW_S + 1, "--expired"],
    [-1, "--expired"],
    [undefined, "--expired"],
  ])("--expired when expires_at is %j: %j", (expiresAt, option) => {
    expect(excluded({ expired: true }, { expires_at: expiresAt })).toBe(option);
  });

  it("--expired without the server's time, whatever its expiry", () => {
    const key = { wire: wireKey({ expires_at: NOW_S - DAY_S }), fingerprint: "pk-1" };
    expect(excludedBy(key, { expired: true }, undefined)).toBe("--expired");
  });

  it("any of several that it does not match", () => {
    const both = { disabled: true, expired: true, unusedFor: HOUR_MS };
    const matching = { is_active: false, expires_at: NOW_S - 1, created_at: NOW_S - DAY_S, last_used: null };
    expect(excluded(both, matching)).toBeUndefined();
    expect(excluded(both, { ...matching, is_active: true })).toBe("--disabled");
    expect(excluded(both, { ...matching, expires_at: -1 })).toBe("--expired");
    expect(excluded(both, { ...matching, last_used: NOW_S })).toBe("--unused-for");
  });
});

it("each option leaves out what it does not name, and a hidden key is none that a fingerprint names", () => {
  const wire = wireKey({ name: "ci-1" });
  const excluded = (filter: Parameters<typeof excludedBy>[1], fingerprint: string | undefined = "pk-1") =>
    excludedBy({ wire, fingerprint }, filter, NOW_MS);
  expect(excluded({})).toBeUndefined();
  expect(excluded({ namePrefix: "ci-", fingerprint: ["pk-2", "pk-1"] })).toBeUndefined();
  expect(excluded({ namePrefix: "prod-", fingerprint: ["pk-1"] })).toBe("--name-prefix");
  expect(excluded({ fingerprint: ["pk-2"] })).toBe("--fingerprint");
  expect(excludedBy({ wire, fingerprint: undefined }, { fingerprint: ["pk-1"] }, NOW_MS)).toBe(
    "--fingerprint",
  );
});

it("what is no fingerprint is refused without being repeated: it may be a key", () => {
  expect(fingerprints("pk-0123456789abcdef", ["pk-1"])).toEqual(["pk-1", "pk-0123456789abcdef"]);
  for (const value of ["pk-0123", "PK-0123456789ABCDEF", "ek-proxy-made-up", ""]) {
    expect(() => fingerprints(value)).toThrow(
      /^--fingerprint takes `pk-` and 16 hexadecimal digits, as `orphans` prints them\. Add --help/,
    );
  }
});
