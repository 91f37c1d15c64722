import { describe, expect, it } from "vitest";
import { fromProgram, fromState, inListForm, toLists } from "../../../provider/plugin/listForm";

describe("a program's inputs", () => {
  it("have the word for no limit as a list", () => {
    expect(fromProgram({ budget: 1, models: ["all"], allowedIps: ["any"] })).toEqual({
      budget: 1,
      models: "all",
      allowedIps: "any",
    });
  });

  it.each([[["all", "gpt-4o"]], [[]], ["all"], [["any"]]])("keep %j", (models) => {
    expect(fromProgram({ models })).toEqual({ models });
  });

  it("do not mention what is absent", () => {
    expect(fromProgram({ budget: 1 })).toEqual({ budget: 1 });
  });
});

describe("a state", () => {
  it("has no limit where a list is absent", () => {
    expect(fromState({ key: "k" })).toEqual({ key: "k", models: "all", allowedIps: "any" });
  });

  it("of the dynamic provider is understood", () => {
    expect(fromState({ models: "all", allowedIps: ["10.0.0.1"] })).toEqual({
      models: "all",
      allowedIps: ["10.0.0.1"],
    });
  });

  it.each([
    { models: "all", allowedIps: ["10.0.0.1"] },
    { models: ["a"], allowedIps: "any" },
  ])("is the same after a way to the engine and back: %j", (state) => {
    const sent = toLists(state);
    expect(Object.values(sent)).toEqual([expect.any(Array)]);
    expect(fromState(sent)).toEqual(state);
  });
});

it("a message shows the list that a program writes", () => {
  expect(inListForm('To lift it:\n  models: "all",\n  allowedIps: "any",\n  name: "all",')).toBe(
    'To lift it:\n  models: ["all"],\n  allowedIps: ["any"],\n  name: "all",',
  );
});
