import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../provider/api/wire";
import { recognise } from "../../../provider/lifecycle/recognise";
import { SECRET, wireKey } from "../fixtures";

const own = (changes: Partial<KeyObject> = {}) => wireKey({ name: "web-abc2345", ...changes });
const TWIN = SECRET.replace("Zk83", "Yj72");

describe("recognise", () => {
  it("finds no key when none has the generated name", () => {
    expect(recognise([own({ name: "other" })], "web-abc2345")).toEqual({ kind: "absent" });
    expect(recognise([own({ name: "web-abc234" })], "web-abc2345")).toEqual({ kind: "absent" });
    expect(recognise([], "web-abc2345")).toEqual({ kind: "absent" });
  });

  it("finds every key with the generated name, however it is set, the oldest first", () => {
    const older = own({ created_at: 1, key: TWIN, used_ammount: 3 });
    expect(recognise([own(), older], "web-abc2345")).toMatchObject({
      kind: "own",
      keys: [{ key: TWIN }, { key: SECRET }],
    });
  });

  it.each(["\u00e9-abc2345", "e\u0301-abc2345", " \u00e9-abc2345 "])(
    "recognises the name %j that the API has trimmed or normalised",
    (name) => {
      expect(recognise([own({ name })], "\u00e9-abc2345")).toMatchObject({ kind: "own" });
    },
  );

  it.each([undefined, "****", `${SECRET.slice(0, 13)}***${SECRET.slice(-4)}`])(
    "is withheld when the list shows the secret as %j",
    (key) => {
      expect(recognise([own({ key })], "web-abc2345")).toEqual({ kind: "withheld" });
    },
  );
});
