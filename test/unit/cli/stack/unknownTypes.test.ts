import { expect, it } from "vitest";
import { packageVersion } from "../../../../provider/config";
import { Refusal } from "../../../../provider/cli/problems";
import { requireKnownTypes, unknownTypesRefusal } from "../../../../provider/cli/stack/unknownTypes";

it("states of known types are no reason to refuse", () => {
  for (const known of [new Map(), new Map([["dev", []]])]) {
    expect(unknownTypesRefusal(known)).toBeUndefined();
    expect(() => requireKnownTypes(known)).not.toThrow();
  }
});

it("names the stack, the types and the version that does not know them", () => {
  const refusal = unknownTypesRefusal(
    new Map([["prod", ["electronhub:index:Team", "electronhub:index:Pool"]]]),
  );
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({
    why: `Stack prod (electronhub:index:Team, electronhub:index:Pool) has resource types that pulumi-electronhub ${packageVersion()} does not know, so which keys it has is unknown.`,
    nextStep: expect.stringMatching(/^Update pulumi-electronhub, then run the command again\./),
  });
});

it("names some of many stacks, and counts the rest", () => {
  const many = new Map(Array.from({ length: 8 }, (_, at) => [`pr-${at}`, ["electronhub:index:Team"]]));
  const { why } = unknownTypesRefusal(many) ?? {};
  expect(why).toMatch(
    /^Stacks pr-0 \(electronhub:index:Team\), .*pr-4 \(electronhub:index:Team\) and 3 more have /,
  );
  expect(why).not.toContain("pr-5");
});
