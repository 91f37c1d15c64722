import { expect, it } from "vitest";
import { hasLabels, type Labels } from "../../../provider/lifecycle/labels";

const labels = { owner: "team-a", ticket: "" };

it.each<Labels>([{}, { owner: "team-a" }, { ticket: "" }, { ticket: "", owner: "team-a" }])(
  "has %j",
  (wanted) => {
    expect(hasLabels(labels, wanted)).toBe(true);
  },
);

it.each<Labels>([
  { owner: "team-b" },
  { Owner: "team-a" },
  { owner: "team-a", purpose: "x" },
  { constructor: "" },
])("does not have %j", (wanted) => {
  expect(hasLabels(labels, wanted)).toBe(false);
});

it("without labels has none, and all of none", () => {
  expect(hasLabels(undefined, { owner: "team-a" })).toBe(false);
  expect(hasLabels(undefined, {})).toBe(true);
});
