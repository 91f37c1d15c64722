import { expect, it } from "vitest";
import { EngineError, toEngineError } from "../../../provider/dynamic/engineErrors";
import { OperationError, PartialFailure } from "../../../provider/lifecycle/failures";
import { inputsSchema } from "../../../provider/lifecycle/schema/inputs";
import { fingerprintOf, stateOf } from "../../../provider/lifecycle/schema/state";
import { SECRET, wireKey } from "../fixture";

const failure = new OperationError("Cannot remove proxy key: It failed.", "Do this.");

it("has no stack and no text of its own, so that the message stands once", () => {
  const error = toEngineError(failure, "the text") as EngineError;
  expect(error).toBeInstanceOf(EngineError);
  expect(error.message).toBe("Cannot remove proxy key: It failed.\nDo this.");
  expect(error.stack).toBe("");
  expect(String(error)).not.toContain("Cannot remove");
  expect(error).not.toHaveProperty("id");
  expect(error.cause).toBeUndefined();
});

it("after a half-done operation saves the resource, with the provider's text", () => {
  const state = stateOf(SECRET, inputsSchema.parse({ name: "web", budget: 1 }), wireKey(), {
    baseUrl: "https://api.example/v1",
  });
  const result = toEngineError(new PartialFailure(failure, state), "the text");
  expect(result).not.toBeInstanceOf(EngineError);
  expect(result).toEqual({
    message: failure.message,
    id: fingerprintOf(SECRET),
    properties: { ...state, unsettled: true, __provider: "the text" },
    reasons: [expect.stringMatching(/Do this\. The key is kept in the state; the next `pulumi up` /)],
  });
});
