import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { Account } from "../../../provider/resources/account";
import { ProxyKey } from "../../../provider/resources/proxyKey";
import { refuseImport } from "../../../provider/resources/refuseImport";
import { RotatingProxyKey } from "../../../provider/resources/rotatingProxyKey";

const SECRET = "ek-proxy-0123456789abcdef0123456789abcdef";

type Declare = (options: pulumi.CustomResourceOptions) => pulumi.Resource;

const resources: [string, RegExp, Declare][] = [
  [
    "ProxyKey",
    /`adopt: KEY`.*`npx pulumi-electronhub import`/,
    (options) => new ProxyKey("bot", { budget: 1 }, options),
  ],
  [
    "RotatingProxyKey",
    /`adopt: KEY`/,
    (options) => new RotatingProxyKey("bot", { budget: 1, rotateEvery: "30d", overlap: "1d" }, options),
  ],
  ["Account", /its settings only/, (options) => new Account("bot", { apiKey: "ek-x" }, options)],
];

it.each(resources)(
  "%s refuses `import` and `id` by a RunError without the value",
  (name, nextStep, declare) => {
    for (const option of ["import", "id"]) {
      let thrown: unknown;
      try {
        declare(pulumi.mergeOptions({ protect: true }, { [option]: SECRET }));
      } catch (error) {
        thrown = error;
      }
      expect(pulumi.RunError.isInstance(thrown)).toBe(true);
      const { message } = thrown as Error;
      expect(message).toMatch(`${name} "bot": the option \`${option}\` cannot work`);
      expect(message).toMatch(nextStep);
      expect(message).not.toContain(SECRET);
    }
  },
);

it("an option that is undefined counts as left out", () => {
  const options = { import: undefined, id: undefined } as unknown as pulumi.CustomResourceOptions;
  expect(() => refuseImport("ProxyKey", "bot", options, "")).not.toThrow();
});

it("ProxyKey refuses `deletedWith` by a RunError", () => {
  const parent = new pulumi.ComponentResource("test:index:Component", "component");
  const declare = () => new ProxyKey("bot", { budget: 1 }, { deletedWith: parent });
  expect(declare).toThrow(/^ProxyKey "bot": with the option `deletedWith` its key would stay on the account/);
});
