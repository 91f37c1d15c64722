import { expect, it } from "vitest";
import { onlyKey } from "../../../provider/functions/onlyKey";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { SECRET, thrown, wireKey } from "../fixture";

const OTHER = `${SECRET}2`;
const twins = [wireKey({ name: "twin" }), wireKey({ name: "twin", key: OTHER })];
const masked = [wireKey({ key: undefined })];

it("finds the one key of a name, or of a fingerprint among equal names", () => {
  const keys = [...twins, wireKey({ name: "web" })];
  expect(onlyKey(keys, { name: "web" })).toEqual({ key: SECRET, wire: keys[2] });
  expect(onlyKey(twins, { fingerprint: fingerprintOf(OTHER) })).toEqual({ key: OTHER, wire: twins[1] });
});

it.each([
  ["no key", [], { name: "web" }, "The account has no such key."],
  ["no key of the name as it is spelled", [wireKey()], { name: "Web" }, "The account has no such key."],
  ["a part of a fingerprint", twins, { fingerprint: fingerprintOf(OTHER).slice(0, 9) }, "has no such key"],
  ["two of the name", twins, { name: "twin" }, "The account has 2 keys of this name."],
  ["a name whose key is not shown", masked, { name: "web" }, "does not show its keys in full"],
  ["a fingerprint where no keys are shown", masked, { fingerprint: fingerprintOf(SECRET) }, "does not show"],
])("says what is in the way: %s", (_, keys, asked, why) => {
  expect(thrown(() => onlyKey(keys, asked))).toMatchObject({ why: expect.stringContaining(why) });
});
