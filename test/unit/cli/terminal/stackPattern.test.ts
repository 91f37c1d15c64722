import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stackMatcher } from "../../../../provider/cli/terminal/stackPattern";

/** What Pulumi accepts as a part of a stack's name. */
const part = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
/** What git accepts in the name of a branch, and shells and glob libraries read as a pattern. */
const branch = fc.stringMatching(/^[a-z!(){}@+|,$&;'"<>=%#.-]{1,12}$/);

describe("a pattern of stacks", () => {
  it("fits the names that it describes, and no others", () => {
    const fits = stackMatcher(["pr-*", "dev", "v[0-9]-?", "[a-cx]", "[a-]z", "[-b]y"]);
    const names = ["pr-1", "pr-", "dev", "pr-1.old", "v1-x", "b", "x", "az", "-z", "-y", "by"];
    const others = ["dev-2", "prod", "my-pr-1", "PR-1", "v1-", "v1-xy", "vx-1", "d", "ab", "bz", "ay", ""];
    expect([...names, ...others].filter(fits)).toEqual(names);
    expect(stackMatcher(["*"])(".hidden")).toBe(true);
    expect(stackMatcher(["**"])("organization/app/dev")).toBe(true);
    expect(stackMatcher([])("dev")).toBe(false);
  });

  it("is a part that stands for itself wherever git allows it in the name of a branch", () => {
    const names = ["prod", "dev", "x", "ab", "organization/app/prod"];
    for (const name of [
      "!(x)",
      "!prod",
      "@(prod|dev)",
      "+(prod)",
      "{prod,dev}",
      "(prod)",
      ".",
      "prod|dev",
      "$",
    ]) {
      expect(names.filter(stackMatcher([name], "app")), name).toEqual([]);
      expect(stackMatcher([name], "app")(name), name).toBe(true);
    }
    fc.assert(
      fc.property(branch, part, (pattern, name) => stackMatcher([pattern])(name) === (pattern === name)),
    );
    fc.assert(fc.property(branch, (name) => stackMatcher([name])(name)));
  });

  it("with stars and question marks fits what fills their places", () => {
    fc.assert(
      fc.property(part, part, part, fc.nat(), (before, filling, after, at) => {
        const name = before + filling + after;
        expect(stackMatcher([`${before}*${after}`])(name)).toBe(true);
        expect(stackMatcher([before + "?".repeat(filling.length) + after])(name)).toBe(true);
        expect(stackMatcher([`${before}?${"?".repeat(filling.length)}${after}`])(name)).toBe(false);
        const one = at % name.length;
        expect(stackMatcher([`${name.slice(0, one)}[${name[one]}]${name.slice(one + 1)}`])(name)).toBe(true);
      }),
    );
    expect(stackMatcher([`${"*a".repeat(200)}b`])("a".repeat(500))).toBe(false);
  });

  it("names stacks as Pulumi does; what it leaves out may be anything", () => {
    const listed = ["acme/app/prod", "other/app/prod", "acme/shop/prod", "acme/app/dev"];
    const matches = (...patterns: string[]) => listed.filter(stackMatcher(patterns, "app"));
    expect(matches("prod")).toEqual(["acme/app/prod", "other/app/prod", "acme/shop/prod"]);
    expect(matches("acme/prod")).toEqual(["acme/app/prod", "acme/shop/prod"]);
    expect(matches("acme/app/prod")).toEqual(["acme/app/prod"]);
    expect(matches("*/app/*")).toEqual(["acme/app/prod", "other/app/prod", "acme/app/dev"]);
    // Not a project: Pulumi reads two parts as an organization and a stack.
    expect(matches("app/prod")).toEqual([]);
    for (const pattern of ["acme*", "*prod/dev", "acme?app?prod"]) {
      expect(matches(pattern), pattern).toEqual([]);
    }
  });

  it("fits a stack that is listed by its own name in every form", () => {
    const all = ["prod", "organization/prod", "organization/app/prod"];
    for (const pattern of all) {
      for (const listed of all)
        expect(stackMatcher([pattern], "app")(listed), `${pattern} ${listed}`).toBe(true);
    }
    expect(stackMatcher(["organization/shop/prod"], "app")("prod")).toBe(false);
    expect(stackMatcher(["acme/prod"], "app")("prod")).toBe(false);
  });

  it.each(["", "/", "a/", "/a", "a//b", "a/b/c/d", "[", "a[b", "[]", "[!a]", "[^a]", "[z-a]"])(
    "is refused when it is %j",
    (pattern) => {
      expect(() => stackMatcher([pattern])).toThrow(InvalidArgumentError);
    },
  );
});
