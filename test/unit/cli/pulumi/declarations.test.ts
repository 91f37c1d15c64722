import { expect, it } from "vitest";
import { readDeclarations } from "../../../../provider/cli/pulumi/declarations";

const TYPE = "electronhub:index:ProxyKey";
const urn = (name: string) => `urn:pulumi:prod::shop::${TYPE}::${name}`;
const key = (name: string, id: string, more: object = {}) => ({ urn: urn(name), type: TYPE, id, ...more });

it("the declarations of a state are its keys, with their labels, encrypted or not, and those of pending operations", () => {
  const labels = { owner: "team-a" };
  const mark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };
  const { declarations, unknownTypes } = readDeclarations({
    resources: [
      { urn: "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop", type: "pulumi:pulumi:Stack" },
      key("bot", "pk-1", { outputs: { labels, __account: "abc" } }),
      key("secret", "pk-2", { external: true, outputs: { labels: mark } }),
      key("replaced", "pk-3", { delete: true }),
      key("replaced", "pk-4", { inputs: { adopt: mark } }),
      { urn: "urn::new", type: "electronhub:index:Vault", id: "x" },
    ],
    pending_operations: [
      { type: "updating", resource: key("bot", "pk-1") },
      { type: "creating", resource: key("made", "") },
      { type: "importing", resource: key("taken", "", { importID: "pk-5" }) },
    ],
  });
  expect(declarations.map(({ resource, fingerprint }) => [resource, fingerprint])).toEqual([
    ["bot", "pk-1"],
    ["secret", "pk-2"],
    ["replaced", "pk-3"],
    ["replaced", "pk-4"],
    ["taken", "pk-5"],
  ]);
  expect(declarations[0]).toEqual({
    urn: urn("bot"),
    resource: "bot",
    fingerprint: "pk-1",
    labels,
    role: "creates",
    account: "abc",
  });
  expect(declarations[1]).toMatchObject({ labels: undefined, account: undefined, role: "reads" });
  expect(declarations[3]).toMatchObject({ role: "adopts" });
  expect(unknownTypes).toEqual(["electronhub:index:Vault"]);
});
