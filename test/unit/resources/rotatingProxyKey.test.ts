import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { RotatingProxyKey } from "../../../provider/resources/rotatingProxyKey";
import { declaredBy, type RotatingProxyKeyArgs } from "../../../provider/resources/rotatingProxyKeyArgs";

const fine: RotatingProxyKeyArgs = { budget: 10, rotateEvery: "30d", overlap: "3d" };

const DURATION = "must be a duration of more than 0, such as 12h or 30d; an output is not accepted";
const INSTANT = "must be an ISO 8601 instant such as 2030-01-31T12:00:00Z; an output is not accepted";

it.each<[Record<string, unknown>, string]>([
  [{ rotateEvery: "monthly" }, `rotateEvery ${DURATION}`],
  [{ rotateEvery: undefined }, `rotateEvery ${DURATION}`],
  [{ rotateEvery: 30 }, `rotateEvery ${DURATION}`],
  [{ overlap: "0s" }, `overlap ${DURATION}`],
  [{ overlap: undefined }, `overlap ${DURATION}`],
  [{ overlap: "30d" }, "overlap (30d) must be less than rotateEvery (30d)"],
  [{ overlap: "31d" }, "overlap (31d) must be less than rotateEvery (30d)"],
  [{ anchor: "yesterday" }, `anchor ${INSTANT}`],
  [{ anchor: "never" }, `anchor ${INSTANT}`],
  [{ now: Promise.resolve("2026-01-01") }, `now ${INSTANT}`],
  [{ name: "mine" }, "name is decided by the rotation; leave it out"],
  [{ expiresAt: "2030-01-01" }, "expiresAt is decided by the rotation; leave it out"],
  [{ rotationTrigger: 1 }, "rotationTrigger is decided by the rotation; leave it out"],
  [{ adopt: "ek-proxy-x" }, "adopt is decided by the rotation; leave it out"],
  [{ onDestroy: "disable" }, "onDestroy is decided by the rotation; leave it out"],
])("refuses %j at construction", (wrong, why) => {
  expect(() => new RotatingProxyKey("bot", { ...fine, ...wrong })).toThrow(`RotatingProxyKey "bot": ${why}`);
});

it("refuses retainOnDelete, which would leave every rotated key on the account", () => {
  expect(() => new RotatingProxyKey("bot", fine, { retainOnDelete: true })).toThrow(
    /^RotatingProxyKey "bot": retainOnDelete would leave every rotated key on the account; use protect$/,
  );
});

it("refuses deletedWith, with which a destroy would leave its keys on the account", () => {
  const deletedWith = new pulumi.ComponentResource("test:index:Team", "team");
  expect(() => new RotatingProxyKey("bot", fine, { deletedWith })).toThrow(
    /^RotatingProxyKey "bot": with the option `deletedWith` its key would stay on the account/,
  );
});

it.each([
  [{ owner: "team-a" }, { owner: "team-a" }],
  [{ owner: "ek-proxy-Zk83hQ0vLrT6mXw1" }, undefined],
])("registers the labels %j as %j: never one that its keys refuse", async (labels, registered) => {
  const declared = declaredBy({ ...fine, labels: pulumi.output(labels) });
  await expect(valueOf(declared["labels"] as pulumi.Output<unknown>)).resolves.toEqual(registered);
});

/** Every output has it, which the SDK uses throughout, but leaves out of its types. */
function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}
