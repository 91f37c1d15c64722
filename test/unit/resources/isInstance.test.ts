import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, it } from "vitest";
import { Account } from "../../../provider/resources/account";
import { ProxyKey } from "../../../provider/resources/proxyKey";
import { RotatingProxyKey } from "../../../provider/resources/rotatingProxyKey";

const TYPES = [
  ["ProxyKey", "pulumi-nodejs:dynamic/electronhub:ProxyKey"],
  ["ProxyKey", "electronhub:index:ProxyKey"],
  ["RotatingProxyKey", "electronhub:index:RotatingProxyKey"],
  ["Account", "pulumi:providers:pulumi-nodejs"],
  ["Account", "pulumi:providers:electronhub"],
] as const;
const classes = { ProxyKey, RotatingProxyKey, Account };

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
    call: () => ({}),
  }),
);

/** The names of the classes that take a value for theirs. */
function namesOf(value: unknown): string[] {
  return Object.entries(classes).flatMap(([name, type]) => (type.isInstance(value) ? [name] : []));
}

it.each(TYPES)("%s is recognised by its type %s alone, as policy packs ask", (name, type) => {
  expect(namesOf({ __pulumiType: type })).toEqual([name]);
});

it("each class recognises its own resources", () => {
  expect(namesOf(new ProxyKey("bot", { budget: 1 }))).toEqual(["ProxyKey"]);
  expect(namesOf(new Account("team", { apiKey: "ek-x" }))).toEqual(["Account"]);
});

it.each([
  undefined,
  null,
  "text",
  {},
  { __pulumiType: "pulumi-nodejs:dynamic:Resource" },
  { __pulumiType: "pulumi-nodejs:dynamic/electronhub:Rotation" },
])("no class recognises %j", (value) => {
  expect(namesOf(value)).toEqual([]);
});

it("an explicit provider that is no Account is none", () => {
  class Other extends pulumi.ProviderResource {}
  for (const plugin of ["pulumi-nodejs", "electronhub"])
    expect(namesOf(new Other(plugin, "other", {}))).toEqual([]);
});
