import { expect, it } from "vitest";
import { Failures } from "../../../../provider/cli/cleanup/engineEvents";
import type { Sighting } from "../../../../provider/cli/cleanup/sighting";
import { plannedFor, verify } from "../../../../provider/cli/cleanup/verify";
import type { StateKey } from "../../../../provider/cli/pulumi/checkpoint";
import { wireKey } from "../../fixture";

const key: StateKey = {
  urn: "urn:pulumi:dev::app::electronhub:index:ProxyKey::read",
  resource: "read",
  fingerprint: "pk-0123456789abcdef",
  secret: undefined,
  name: "read",
  account: undefined,
  sentTo: undefined,
  server: undefined,
  kept: "external",
  deletedWith: undefined,
  labels: undefined,
};

const why = { why: "made up", nextStep: "made up" };

it.each<[Sighting, string]>([
  [{ kind: "listed", key: { wire: wireKey({}), fingerprint: key.fingerprint } }, "kept"],
  [{ kind: "absent" }, "already-gone"],
  // Without a request, no refusal and no doubt can come of the key.
  [{ kind: "foreign", ...why }, "kept"],
  [{ kind: "hidden", ...why }, "kept"],
  [{ kind: "unasked", ...why }, "kept"],
])("a key that the program only reads is not removed: %j", (sighting, outcome) => {
  const facts = new Map([[key, sighting]]);
  const verified = verify([key], facts, facts, new Failures());
  for (const report of [plannedFor(key, facts), ...verified]) {
    expect(report).toMatchObject({ name: "read", outcome });
    expect(report.why).toBeUndefined();
  }
});
