import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { refusalOfNode } from "../../../provider/util/nodeVersion";
import { REPOSITORY_ROOT } from "../../support/engineEnvironment";

it.each(["18.20.4", "20.20.2", "22.18.0"])(
  "refuses Node %s, and names the version of package.json",
  (version) => {
    const manifest = JSON.parse(readFileSync(join(REPOSITORY_ROOT, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    const minimum = manifest.engines.node.replace(">=", "");
    expect(refusalOfNode(version)).toBe(
      `pulumi-electronhub needs Node ${minimum} or newer, and this is ${version}.\nInstall a newer one: https://nodejs.org`,
    );
  },
);

it.each(["22.19.0", "22.20.1", "24.0.0", "26.1.0-pre"])("takes Node %s", (version) => {
  expect(refusalOfNode(version)).toBeUndefined();
});
