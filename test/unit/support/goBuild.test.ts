import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { readPinnedBuild } from "../../support/goBuild";
import { MINIMUM_PULUMI_VERSION } from "../../support/pulumiCli";
import { isAtLeast } from "../../support/pulumiVersion";

describe("the pinned build", () => {
  it("gets its version from the committed go.mod", async () => {
    const moduleFolder = join(__dirname, "../../support/pulumi-cli");
    const goMod = await readFile(join(moduleFolder, "go.mod"), "utf8");

    const { version, path } = await readPinnedBuild(moduleFolder, "/cache", "win32");

    expect(goMod).toContain(`github.com/pulumi/pulumi/pkg/v3 v${version}\n`);
    expect(isAtLeast(version, MINIMUM_PULUMI_VERSION)).toBe(true);
    expect(path).toMatch(/pulumi\.exe$/);
  });

  it("gets another cache entry when go.sum changes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "go-module-"));
    try {
      await writeFile(join(folder, "go.mod"), "require github.com/pulumi/pulumi/pkg/v3 v3.259.0\n");
      await writeFile(join(folder, "go.sum"), "h1:x\n");
      const before = await readPinnedBuild(folder, "/cache", "linux");
      await writeFile(join(folder, "go.sum"), "h1:y\n");

      expect((await readPinnedBuild(folder, "/cache", "linux")).root).not.toBe(before.root);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("isAtLeast", () => {
  it.each([
    ["3.200.0", "3.200.0", true],
    ["v3.259.0", "3.200.0", true],
    ["3.200.0-alpha.1", "3.200.0", true],
    ["4.0.0", "3.200.0", true],
    ["3.99.9", "3.200.0", false],
    ["2.300.0", "3.200.0", false],
  ])("%s against %s is %s", (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected);
  });
});
