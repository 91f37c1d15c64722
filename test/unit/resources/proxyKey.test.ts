import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { ProxyKey } from "../../../provider/resources/proxyKey";

/** The inputs that a program's key is registered with, in a stack of that name. */
async function registered(organization: string, project: string, stack: string, isPreview = false) {
  const inputs: Record<string, unknown>[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        inputs.push(args.inputs as Record<string, unknown>);
        return { id: "pk-0", state: args.inputs as Record<string, unknown> };
      },
      call: () => ({}),
    },
    project,
    stack,
    isPreview,
    organization,
  );
  await new Promise((resolve) => new ProxyKey("bot", { budget: 1 }).urn.apply(resolve));
  return inputs[0];
}

it("says which stack it stands in", async () => {
  expect(await registered("acme", "shop", "dev")).toMatchObject({
    budget: 1,
    __resourceName: "bot",
    __stack: "acme/shop/dev",
  });
});

it("says nothing where a part is missing", async () => {
  expect(await registered("", "shop", "dev")).not.toHaveProperty("__stack");
});

it("says whether the program runs in a preview", async () => {
  expect(await registered("acme", "shop", "dev", true)).toMatchObject({ __preview: true });
  expect(await registered("acme", "shop", "dev")).not.toHaveProperty("__preview");
});
