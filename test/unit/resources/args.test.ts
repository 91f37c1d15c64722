import * as pulumi from "@pulumi/pulumi";
import { expect, expectTypeOf, it } from "vitest";
import type { WrittenInputs } from "../../../provider/lifecycle/schema/inputs";
import type { AccountArgs } from "../../../provider/resources/accountArgs";
import type { ProxyKeyArgs } from "../../../provider/resources/proxyKeyArgs";
import type { RotatingProxyKeyArgs } from "../../../provider/resources/rotatingProxyKeyArgs";

// This file asserts by compiling: `exactOptionalPropertyTypes` is on, as in strict programs.

const config = { get: (_key: string): string | undefined => undefined };
const known: readonly string[] = ["a"];
const literal = ["a", "b"] as const;

it("takes lists in every form that check takes", () => {
  const lists = [
    known,
    literal,
    ["a", pulumi.output("b")],
    Promise.resolve(known),
    pulumi.output(known),
    pulumi.output(literal),
    pulumi.output(["a"]),
    pulumi.output([...known] as string[]),
    pulumi.secret(known),
    pulumi.all(["a", pulumi.output("b")]),
    undefined,
    pulumi.output<readonly string[] | undefined>(undefined),
  ] satisfies ProxyKeyArgs["models"][] & ProxyKeyArgs["allowedIps"][];
  const words = { models: "all", allowedIps: "any", budget: 1 } satisfies ProxyKeyArgs;
  const later = {
    models: pulumi.output("all" as "all" | string[]),
    allowedIps: pulumi.output("any" as const),
    budget: pulumi.output(1),
  } satisfies ProxyKeyArgs;
  expect([...lists, words, later]).toBeDefined();
});

it("takes undefined for every input that may be left out, now or later", () => {
  type Optional = Exclude<keyof ProxyKeyArgs, "budget">;
  expectTypeOf<undefined>().toExtend<ProxyKeyArgs[Optional]>();
  type Later = { [K in keyof WrittenInputs]-?: pulumi.Output<WrittenInputs[K] | undefined> };
  expectTypeOf<Omit<Later, "budget"> & { budget: number }>().toExtend<ProxyKeyArgs>();
  const labels = [
    { owner: "team-a", ticket: pulumi.output("OPS-17") },
    pulumi.output({ owner: "team-a" }),
    Object.freeze({ owner: "team-a" } as const),
  ] satisfies ProxyKeyArgs["labels"][];
  expect(labels).toBeDefined();
  const fromConfig = { name: config.get("name"), expiresIn: config.get("expiresIn"), budget: 1 };
  expectTypeOf(fromConfig).toExtend<ProxyKeyArgs>();
  expectTypeOf<undefined>().not.toExtend<ProxyKeyArgs["budget"]>();
  expectTypeOf<undefined>().not.toExtend<AccountArgs["apiKey"]>();
});

it("takes the same for a rotating key and an account", () => {
  const rotating = {
    budget: 1,
    rotateEvery: "30d",
    overlap: "3d",
    anchor: config.get("anchor"),
    models: pulumi.output(known),
    allowedIps: literal,
    refuseIfUsedWithin: config.get("within"),
  } satisfies RotatingProxyKeyArgs;
  const account = {
    apiKey: pulumi.secret("ek-x"),
    baseUrl: config.get("baseUrl"),
    maxWait: pulumi.output<string | undefined>(undefined),
  } satisfies AccountArgs;
  expect([rotating, account]).toBeDefined();
});
