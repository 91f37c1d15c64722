import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../../provider/api/wire";
import { matchLostKey } from "../../../../provider/lifecycle/creations/matchLostKey";
import { nameHashOf } from "../../../../provider/lifecycle/creations/journalReader";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { SECRET, wireKey } from "../../fixture";

const own = (changes: Partial<KeyObject> = {}) => wireKey({ name: "web-abc2345", ...changes });
const TWIN = SECRET.replace("Zk83", "Yj72");

const CREATION = { nameHash: nameHashOf("web-abc2345") };
const NONE = { own: [], secretHidden: [], possible: [] };

describe("matchLostKey", () => {
  it("finds no key when none has the generated name", () => {
    expect(matchLostKey([own({ name: "other" })], CREATION)).toEqual(NONE);
    expect(matchLostKey([own({ name: "web-abc234" })], CREATION)).toEqual(NONE);
    expect(matchLostKey([], CREATION)).toEqual(NONE);
  });

  it("finds every key with the generated name, however it is set, the oldest first", () => {
    const older = own({ created_at: 1, key: TWIN, used_ammount: 3 });
    expect(matchLostKey([own(), older], CREATION)).toMatchObject({
      own: [{ key: TWIN }, { key: SECRET }],
      secretHidden: [],
    });
  });

  it.each(["\u00e9-abc2345", "e\u0301-abc2345", " \u00e9-abc2345 "])(
    "recognises the name %j that the API has trimmed or normalised",
    (name) => {
      const lost = { nameHash: nameHashOf("\u00e9-abc2345") };
      expect(matchLostKey([own({ name })], lost).own).toHaveLength(1);
    },
  );

  it.each([undefined, "****", `${SECRET.slice(0, 13)}***${SECRET.slice(-4)}`])(
    "hides the secret when the list shows it as %j",
    (key) => {
      expect(matchLostKey([own({ key })], CREATION)).toMatchObject({ own: [], secretHidden: [{ key }] });
    },
  );

  it("finds the key of a known fingerprint under any name, or any hidden key", () => {
    const lost = { ...CREATION, fingerprint: fingerprintOf(SECRET), chosenName: "web" };
    const [renamed, other] = [own({ name: "web" }), own({ name: "web", key: TWIN })];
    expect(matchLostKey([other, renamed], lost)).toEqual({ ...NONE, own: [renamed] });
    const hidden = own({ name: "any", key: undefined });
    expect(matchLostKey([other, hidden], lost)).toEqual({ ...NONE, secretHidden: [hidden] });
    expect(matchLostKey([renamed, hidden], lost)).toEqual({ ...NONE, own: [renamed] });
  });

  it("never takes a key of the chosen name for the one", () => {
    const named = own({ name: " web" });
    expect(matchLostKey([named], { ...CREATION, chosenName: "web" })).toEqual({ ...NONE, possible: [named] });
  });
});
