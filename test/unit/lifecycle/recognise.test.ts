import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../provider/api/wire";
import { recognise, type LostCreation } from "../../../provider/lifecycle/recognise";
import { fingerprintOf } from "../../../provider/lifecycle/state";
import { NOW_MS, SECRET, wireKey } from "../fixtures";

const settings = {
  name: "web",
  expires_at: -1,
  allocated_ammount: 10,
  model_whitelist: ["a", "b"],
  ip_whitelist: [],
  limit_type: "daily",
} as const;

function recognised(
  keys: readonly KeyObject[],
  lost: Partial<LostCreation> = {},
  serverAheadMs: number | undefined = 0,
) {
  const creation: LostCreation = {
    settings: { ...settings, model_whitelist: ["a", "b"], ip_whitelist: [] },
    nameGenerated: false,
    startedMs: NOW_MS,
    claimed: new Set(),
    rivals: () => false,
    ...lost,
  };
  return recognise({ keys, serverAheadMs }, creation);
}

const own = (changes: Partial<KeyObject> = {}) => wireKey({ model_whitelist: ["b", "a"], ...changes });
const TWIN = SECRET.replace("Zk83", "Yj72");

describe("with a generated name", () => {
  const nameGenerated = true;

  it("is absent when no key has it", () => {
    expect(recognised([own({ name: "other" })], { nameGenerated })).toEqual({ kind: "absent" });
    expect(recognised([], { nameGenerated })).toEqual({ kind: "absent" });
  });

  it("is ours when a key has it, whatever else it looks like, the oldest first", () => {
    const older = own({ created_at: 1, key: TWIN, used_ammount: 3 });
    expect(recognised([own(), older], { nameGenerated })).toMatchObject({
      kind: "own",
      keys: [{ key: TWIN }, { key: SECRET }],
    });
  });

  it("is withheld when the list does not show the secret", () => {
    expect(recognised([own({ key: undefined })], { nameGenerated })).toEqual({ kind: "withheld" });
    expect(recognised([own({ key: "****" })], { nameGenerated })).toEqual({ kind: "withheld" });
  });

  it("is withheld when the list shows the secret with its middle starred out", () => {
    const masked = own({ key: `${SECRET.slice(0, 13)}***${SECRET.slice(-4)}` });
    expect(recognised([masked], { nameGenerated })).toEqual({ kind: "withheld" });
  });

  it("passes over keys that are handed out already", () => {
    const claimed = new Set([fingerprintOf(SECRET)]);
    expect(recognised([own()], { nameGenerated, claimed })).toEqual({ kind: "absent" });
  });
});

describe("with a name that a person chose", () => {
  it("is ours when it is the only one, new, unused, and as we asked for it", () => {
    expect(recognised([own(), own({ name: "other" })])).toMatchObject({
      kind: "own",
      keys: [{ key: SECRET }],
    });
  });

  it.each<[string, Partial<KeyObject>]>([
    ["older than the attempt", { created_at: NOW_MS / 1_000 - 10 }],
    ["of unknown age", { created_at: undefined }],
    ["used in credits", { used_ammount: 0.1 }],
    ["used at some time", { last_used: NOW_MS / 1_000 }],
    ["of another budget", { allocated_ammount: 11 }],
    ["of another expiry", { expires_at: 1_900_000_000 }],
    ["for other models", { model_whitelist: ["a", "c"] }],
    ["for every model", { model_whitelist: [] }],
    ["for other addresses", { ip_whitelist: ["10.0.0.1"] }],
  ])("is ambiguous when that key is %s", (_, changes) => {
    expect(recognised([own(changes)])).toEqual({ kind: "ambiguous" });
  });

  it("is ambiguous when several keys have the name, or the server does not tell the time", () => {
    expect(recognised([own(), own({ key: TWIN })])).toEqual({ kind: "ambiguous" });
    expect(recognised([own(), own({ key: TWIN, created_at: 1 })])).toEqual({ kind: "ambiguous" });
    expect(recognise({ keys: [own()], serverAheadMs: undefined }, { ...lostNow() })).toEqual({
      kind: "ambiguous",
    });
  });

  it("goes by the server's clock, however wrong ours is", () => {
    const hourMs = 3_600_000;
    expect(recognised([own()], { startedMs: NOW_MS + hourMs }, -hourMs)).toMatchObject({ kind: "own" });
    expect(recognised([own()], { startedMs: NOW_MS + hourMs }, 0)).toEqual({ kind: "ambiguous" });
  });
});

function lostNow(): LostCreation {
  return {
    settings: { ...settings, model_whitelist: ["a", "b"], ip_whitelist: [] },
    nameGenerated: false,
    startedMs: NOW_MS,
    claimed: new Set(),
    rivals: () => false,
  };
}
