import { describe, expect, it } from "vitest";
import { matchesLabels, requireKnownLabels } from "../../../../provider/cli/cleanup/labelMatch";
import { readCheckpoint } from "../../../../provider/cli/pulumi/checkpoint";
import type { LostKey } from "../../../../provider/cli/recovery/search";
import { secretEnvelope } from "../../../../provider/lifecycle/schema/secretEnvelope";

const DYNAMIC = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const PLUGIN = "electronhub:index:ProxyKey";
const OWN = { owner: "team-a", ticket: "OPS-17" };

const key = (name: string, labels: unknown, changes: object = {}) => ({
  urn: `urn:pulumi:dev::app::${DYNAMIC}::${name}`,
  type: DYNAMIC,
  id: `pk-${name}`,
  inputs: { labels: { owner: "declared" } },
  outputs: { name, labels },
  ...changes,
});
const inMaking = (name: string, labels: unknown) => ({
  type: "creating",
  resource: key(name, undefined, { id: "", inputs: { name, labels }, outputs: undefined }),
});

function matches(resources: object[], operations: object[] = []): boolean {
  const state = readCheckpoint({ resources, pending_operations: operations });
  return matchesLabels("dev", state, { owner: "team-a" });
}

describe("a stack", () => {
  it("matches when each of its keys has the labels, of both doors and in the making", () => {
    expect(matches([key("a", OWN), key("b", OWN, { type: PLUGIN })], [inMaking("c", OWN)])).toBe(true);
    expect(matches([], [inMaking("c", OWN)])).toBe(true);
  });

  it("matches whatever keys its program only reads, but not by these", () => {
    const external = key("theirs", undefined, { external: true });
    expect(matches([key("a", OWN), external])).toBe(true);
    expect(matches([external])).toBe(false);
  });

  it.each([undefined, {}, { owner: "team-b" }, secretEnvelope(OWN), { owner: secretEnvelope("team-a") }])(
    "does not match by keys with %j alone",
    (labels) => {
      expect(matches([key("a", labels)], [inMaking("b", labels)])).toBe(false);
    },
  );

  it("does not match without a key", () => {
    expect(matches([])).toBe(false);
    expect(matches([{ urn: "urn::bucket", type: "aws:s3/bucket:Bucket", outputs: { labels: OWN } }])).toBe(
      false,
    );
  });

  it.each([
    [
      [key("b", undefined)],
      [],
      /^1 of the 2 keys of stack dev do not have the labels owner=team-a: "b" \(pk-b\)\./,
    ],
    [[key("b", OWN), key("c", {})], [], /^1 of the 3 keys .*: "c" \(pk-c\)\./],
    [[], [inMaking("b", { owner: "team-b" })], /^1 of the 2 keys .*: "b" \(in the making\)\./],
    // An update has changed the labels in the program, and failed.
    [[key("b", OWN, { outputs: { name: "b" }, inputs: { labels: OWN } })], [], /: "b" \(pk-b\)\./],
  ])("of which only some keys match is refused, and these are named: %#", (more, operations, why) => {
    expect(() => matches([key("a", OWN), ...more], operations)).toThrow(why);
    expect(() => matches([key("a", OWN), ...more], operations)).toThrow(/\. Give these keys/);
  });
});

it("labels that hold a key count as none, and are never shown", () => {
  const state = readCheckpoint({ resources: [key("a", { owner: "ek-proxy-Zk83hQ0vLrT6mXw1" })] });
  expect(state.keys).toMatchObject([{ labels: undefined }]);
});

it("a lost key that only the journal records has unknown labels", () => {
  const lost = (pending: object | undefined) =>
    ({ wire: { name: "web-abc" }, fingerprint: "pk-1", lost: { pending } }) as unknown as LostKey;
  expect(() => requireKnownLabels("dev", [lost({ labels: OWN })])).not.toThrow();
  expect(() => requireKnownLabels("dev", [lost({}), lost(undefined)])).toThrow(
    /stack dev has made keys that no state has, so their labels are unknown: "web-abc" \(pk-1\)\. Run `npx pulumi-electronhub recover`/,
  );
});
