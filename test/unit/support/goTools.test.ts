import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findYamlHost } from "../../support/goTools";
import type { PulumiCli } from "../../support/pulumiCli";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "go-tools-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// Links need rights on Windows.
describe.skipIf(process.platform === "win32")("findYamlHost", () => {
  it("takes the one beside the CLI, also if the CLI is found through a link", async () => {
    const host = join(folder, "pulumi", "pulumi-language-yaml");
    await mkdir(join(folder, "pulumi"));
    for (const file of [host, join(folder, "pulumi", "pulumi")]) {
      await writeFile(file, "#!/bin/sh\n");
      await chmod(file, 0o755);
    }
    await symlink(join(folder, "pulumi", "pulumi"), join(folder, "link"));

    expect(await findYamlHost({ path: join(folder, "link") } as PulumiCli)).toBe(host);
  });
});

it("pins the same Pulumi for the CLI, the SDK of Go and the SDK of Python", async () => {
  const pinned = (file: string) => readFile(join(__dirname, "../../support", file), "utf8");
  const goMod = await pinned("pulumi-cli/go.mod");
  const version = /pulumi\/pkg\/v3 v(\S+)/.exec(goMod)?.[1];

  expect(goMod).toContain(`github.com/pulumi/pulumi/sdk/v3 v${version}\n`);
  expect(await pinned("python/requirements.in")).toContain(`pulumi==${version}\n`);
  expect(await pinned("python/requirements.txt")).toContain(`pulumi==${version} `);
});
