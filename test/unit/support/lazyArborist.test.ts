import { join } from "node:path";

import { expect, it } from "vitest";

import { runCommand } from "../../support/command";
import { REPOSITORY_ROOT } from "../../support/engineEnvironment";

const LAZY = join(REPOSITORY_ROOT, "test", "support", "quickHost", "lazyArborist.cjs");

/** Loads Pulumi's SDK, and then has it serialize a function, for which it reads the folder's packages. */
const PROGRAM = `
  const isLoaded = () => Object.keys(require.cache).some((file) => file.includes("/@npmcli/arborist/"));
  const pulumi = require("@pulumi/pulumi");
  const before = isLoaded();
  pulumi.runtime.computeCodePaths().then((paths) => {
    console.log(JSON.stringify({ before, after: isLoaded(), hasPaths: paths.size > 0 }));
    process.exit(0);
  });`;

it.each([
  { options: [], before: true },
  { options: ["--require", LAZY], before: false },
])("npm's arborist is loaded on its first use, and works: $options", async ({ options, before }) => {
  const { stdout, output } = await runCommand(process.execPath, [...options, "-e", PROGRAM], {
    cwd: REPOSITORY_ROOT,
    env: process.env,
  });
  expect(stdout, output).not.toBe("");
  expect(JSON.parse(stdout)).toEqual({ before, after: true, hasPaths: true });
});
