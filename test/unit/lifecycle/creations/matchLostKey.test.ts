import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../../provider/api/wire";
import { matchLostKey } from "../../../../provider/lifecycle/creations/matchLostKey";
import { SECRET, wireKey } from "../../fixture";

const own = (changes: Partial<KeyObject> = {}) => wireKey({ name: "web-abc2345", ...changes });
const TWIN = SECRET.replace("Zk83", "Yj72");

describe("recognise", () => {
  it("finds no key when none has the generated name", () => {
    expect(matchLostKey([own({ name: "other" })], "web-abc2345")).toEqual({ kind: "absent" });
    expect(matchLostKey([own({ name: "web-abc234" })], "web-abc2345")).toEqual({ kind: "absent" });
    expect(matchLostKey([], "web-abc2345")).toEqual({ kind: "absent" });
  });

  it("finds every key with the generated name, however it is set, the oldest first", () => {
    const older = own({ created_at: 1, key: TWIN, used_ammount: 3 });
    expect(matchLostKey([own(), older], "web-abc2345")).toMatchObject({
      kind: "own",
      keys: [{ key: TWIN }, { key: SECRET }],
    });
  });

  it.each(["\u00e9-abc2345", "e\u0301-abc2345", " \u00e9-abc2345 "])(
    "recognises the name %j that the API has trimmed or normalised",
    (name) => {
      expect(matchLostKey([own({ name })], "\u00e9-abc2345")).toMatchObject({ kind: "own" });
    },
  );

  it.each([undefined, "****", `${SECRET.slice(0, 13)}***${SECRET.slice(-4)}`])(
    "is withheld when the list shows the secret as %j",
    (key) => {
      expect(matchLostKey([own({ key })], "web-abc2345")).toEqual({ kind: "withheld" });
    },
  );
});
