import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { expect, it } from "vitest";
import { received, toStruct } from "../../../provider/plugin/properties";
import { secretResult } from "../../../provider/lifecycle/schema/secretEnvelope";

const struct = (properties: object) =>
  Struct.fromJavaScript(properties as Parameters<typeof Struct.fromJavaScript>[0]);

it("properties arrive in clear, with the names of those that contain a secret", () => {
  const sent = struct({
    plain: 1,
    secret: secretResult("s"),
    nested: { list: [secretResult({ deep: secretResult(true) })] },
  });
  const { properties, secrets } = received(sent);
  expect(properties).toEqual({ plain: 1, secret: "s", nested: { list: [{ deep: true }] } });
  expect(secrets.toSorted()).toEqual(["nested", "secret"]);
  expect(received(undefined)).toEqual({ properties: {}, secrets: [] });
});

it("properties leave with a mark on what is always a secret, and on what came as one, once", () => {
  const sent = toStruct({ key: "k", adopt: "a", name: secretResult("n"), budget: 2, gone: undefined }, [
    "name",
    "budget",
  ]);
  expect(sent.toJavaScript()).toEqual({
    key: secretResult("k"),
    adopt: secretResult("a"),
    name: secretResult("n"),
    budget: secretResult(2),
  });
});
