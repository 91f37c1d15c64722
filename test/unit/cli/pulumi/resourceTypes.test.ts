import { expect, it } from "vitest";
import { isOfUnknownType, isProxyKey, isRotation } from "../../../../provider/cli/pulumi/resourceTypes";
import * as tokens from "../../../../provider/lifecycle/schema/typeTokens";
import { readCheckpoint, readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";

it.each(Object.entries(tokens))(
  "the token %s is known: its resources must not make removals refused",
  (_, token) => {
    expect(isOfUnknownType({ type: token })).toBe(false);
  },
);

/** What each type is to the command. */
const TYPES: readonly [string, "key" | "rotation" | "unknown" | "other"][] = [
  ["pulumi-nodejs:dynamic/electronhub:ProxyKey", "key"],
  ["electronhub:index:ProxyKey", "key"],
  ["pulumi-nodejs:dynamic/electronhub:Rotation", "rotation"],
  ["electronhub:index:Rotation", "rotation"],
  ["electronhub:index:RotatingProxyKey", "other"],
  ["electronhub:index:Team", "unknown"],
  ["electronhub:index/proxyKey:ProxyKey", "unknown"],
  ["electronhub:teams:ProxyKey", "unknown"],
  ["electronhub:index:proxykey", "unknown"],
  ["pulumi-nodejs:dynamic/electronhub:Team", "unknown"],
  ["pulumi-nodejs:dynamic/electronhub/teams:ProxyKey", "unknown"],
  ["pulumi:providers:electronhub", "other"],
  ["pulumi:providers:pulumi-nodejs", "other"],
  ["pulumi-nodejs:dynamic:Resource", "other"],
  ["pulumi-nodejs:dynamic/electronhubs:Team", "other"],
  ["electronhubs:index:ProxyKey", "other"],
  ["other:electronhub:ProxyKey", "other"],
  ["aws:s3/bucket:Bucket", "other"],
];

it.each(TYPES)("%s is a %s", (type, kind) => {
  const resource = { urn: `urn:pulumi:dev::app::${type}::it`, type, id: "pk-0123456789abcdef" };
  expect({
    key: isProxyKey(resource),
    rotation: isRotation(resource),
    unknown: isOfUnknownType(resource),
  }).toEqual({
    key: kind === "key",
    rotation: kind === "rotation",
    unknown: kind === "unknown",
  });
  const expected = kind === "unknown" ? [type] : [];
  const twice = { resources: [resource, resource] };
  const inFlight = { pending_operations: [{ type: "updating", resource }] };
  for (const deployment of [twice, inFlight]) {
    expect(readCheckpoint(deployment).unknownTypes).toEqual(expected);
    expect(readStackKeys(deployment).unknownTypes).toEqual(expected);
  }
});
