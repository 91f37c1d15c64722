import { expect, it } from "vitest";
import { isDefaultProvider, settingReader, unknownSettings } from "../../../provider/plugin/configuration";

it("names a misspelled setting and the nearest one", () => {
  const [failure, ...others] = unknownSettings({
    apiKye: "x",
    baseUrl: "y",
    version: "0.1.0",
    __internal: 1,
  });
  expect(others).toEqual([]);
  expect(failure).toMatchObject({
    // With a name the engine would print the value, which may be an API key.
    property: "",
    reason: expect.stringMatching(/Did you mean electronhub:apiKey\?/),
  });
});

it.each(["constructor", "toString", "valueOf"])("knows no setting %s", (name) => {
  expect(unknownSettings({ [name]: "x" })).toHaveLength(1);
});

it.each([
  ["default", true],
  ["default_0_1_0", true],
  ["team", false],
])("takes the provider %s for the stack's: %s", (name, expected) => {
  expect(isDefaultProvider(name)).toBe(expected);
});

it("reads a setting by its name in the stack's configuration", () => {
  const read = settingReader({ apiKey: "ek-x", maxWait: 5 });
  expect(read("electronhub:apiKey")).toBe("ek-x");
  expect(read("electronhub:maxWait")).toBeUndefined();
  expect(read("electronhub:baseUrl")).toBeUndefined();
});
