import { describe, expect, it } from "vitest";
import { fieldOf, type InputName } from "../../../../provider/lifecycle/schema/inputs";
import { asDeclared, isRewritten } from "../../../../provider/lifecycle/schema/settle";
import { inputsFromWire, shownInputs } from "../../../../provider/lifecycle/schema/state";
import { wireKey } from "../../fixture";

describe("a shown value that is a change outside Pulumi, and no other form of the declared one", () => {
  it.each<[InputName, unknown, unknown]>([
    ["budget", 9.5, 10],
    ["budget", 10, 10.5],
    ["budget", 10.5, 10],
    ["budget", 0, 0.001],
    ["budget", 1.23, 1.24],
    ["budget", 1.2, 1.239],
    ["expiresAt", "2030-03-17T00:00:00Z", "2030-03-17T17:46:40Z"],
    ["expiresAt", "2030-03-17T18:00:00Z", "2030-03-17T17:46:40Z"],
    ["expiresAt", "never", "2030-03-17T17:46:40Z"],
    ["expiresAt", "2030-03-17T17:00:00Z", "never"],
    ["models", "all", ["o3"]],
    ["models", ["o3"], "all"],
    ["models", ["o3"], ["o3", "o4"]],
    ["models", ["o3", "o4"], ["o3"]],
    ["allowedIps", ["10.0.0.1"], ["::fffe:10.0.0.1"]],
    ["allowedIps", ["0.0.0.0/0"], ["::/0"]],
    ["name", "renamed", "web"],
    ["name", "prod", "production"],
    ["name", "production-2", "production"],
    ["enabled", false, true],
  ])("%s: %j for %j", (name, shown, declared) => {
    expect(isRewritten(name, shown, declared)).toBe(false);
  });
});

it("a wider value is never another form of the declared one, for each row of the table", () => {
  const shown = inputsFromWire(wireKey({ model_whitelist: [], allocated_ammount: 1.236 }), {});
  expect(asDeclared(shown, { models: ["o3"], budget: 1.235 })).toMatchObject({
    models: "all",
    budget: 1.236,
  });
});

it("every input that a response shows and that limits the key says what is wider", () => {
  const shown = Object.keys(shownInputs(wireKey())) as InputName[];
  expect(shown.filter((name) => fieldOf(name).isWider === undefined)).toEqual(["name"]);
});
