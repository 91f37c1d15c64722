import { delimiter, join } from "node:path";

import { afterEach, describe, expect, it, vi } from "vitest";

import {
  automationEnvironment,
  engineEnvironment,
  QUICK_HOST_VARIABLE,
  REPOSITORY_ROOT,
} from "../../support/engineEnvironment";
import type { PulumiCli } from "../../support/pulumiCli";

const folders = {
  root: "/p",
  work: "/p/work",
  backend: "/p/b",
  home: "/p/home",
  temporary: "/p/t",
  bin: "/p/bin",
  cache: "/p/c",
};
const cli: PulumiCli = {
  command: { command: "/cli/bin/pulumi", version: null },
  path: "/cli/bin/pulumi",
  binFolder: "/cli/bin",
  version: "3.259.0",
  source: "cache",
  summary: "",
};

afterEach(() => vi.unstubAllEnvs());

describe("the environment of an engine", () => {
  it.each(["ELECTRONHUB_API_KEY", "PULUMI_ACCESS_TOKEN", "https_proxy", "NODE_OPTIONS", "VITEST"])(
    "does not inherit %s",
    (name) => {
      vi.stubEnv(name, "from the shell");
      const environment = engineEnvironment(cli, folders);

      expect(environment).not.toHaveProperty(name);
      // Present and undefined: the only way to take it back from a child that would inherit it.
      expect(Object.entries(automationEnvironment(environment))).toContainEqual([name, undefined]);
    },
  );

  it("lets a test set what is not inherited", () => {
    vi.stubEnv("ELECTRONHUB_API_KEY", "from the shell");
    const environment = engineEnvironment(cli, folders, { ELECTRONHUB_API_KEY: "from the test" });

    expect(automationEnvironment(environment)["ELECTRONHUB_API_KEY"]).toBe("from the test");
  });

  it("finds the pinned node before any other, then the launcher, then the CLI", () => {
    vi.stubEnv(QUICK_HOST_VARIABLE, undefined);
    const [node, launcher, binFolder] = (engineEnvironment(cli, folders)["PATH"] ?? "").split(delimiter);

    expect([node, launcher, binFolder]).toEqual([
      join(REPOSITORY_ROOT, "node_modules", ".bin"),
      join(REPOSITORY_ROOT, "node_modules", "@pulumi", "pulumi"),
      "/cli/bin",
    ]);
  });
});
