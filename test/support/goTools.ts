import { createHash } from "node:crypto";
import { access, constants, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";

import { ourCacheFolder } from "./cacheFolder";
import { buildGoProgram } from "./goBuild";
import type { PulumiCli } from "./pulumiCli";

/** A tool that the tests build with Go, once, into the cache. */
interface GoTool {
  name: string;
  /** The module that pins it, below this folder. */
  module: string;
  package: string;
  /** Files of this repository that it is built from, below the module. */
  sources: readonly string[];
}

/** Pulumi's language host for programs in YAML. */
const YAML_HOST: GoTool = {
  name: "pulumi-language-yaml",
  module: "pulumi-yaml",
  package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
  sources: [],
};

/** Writes SDKs; in the CLI's module, so that they are the ones that this CLI's `pulumi package add` would write. */
const SDK_GENERATOR: GoTool = {
  name: "generateSdks",
  module: "pulumi-cli",
  package: "./generateSdks",
  sources: ["generateSdks/main.go"],
};

const EXECUTABLE_SUFFIX = process.platform === "win32" ? ".exe" : "";

/** The language host for YAML: the one beside the CLI, as Pulumi installs it, or a built one. */
export async function findYamlHost(cli: PulumiCli): Promise<string> {
  const beside = join(dirname(await realpath(cli.path)), YAML_HOST.name + EXECUTABLE_SUFFIX);
  return (await isExecutable(beside)) ? beside : builtTool(YAML_HOST);
}

export function findSdkGenerator(): Promise<string> {
  return builtTool(SDK_GENERATOR);
}

async function builtTool(tool: GoTool): Promise<string> {
  const moduleFolder = join(__dirname, tool.module);
  const hash = createHash("sha256");
  for (const source of ["go.mod", "go.sum", ...tool.sources])
    hash.update(await readFile(join(moduleFolder, source)));
  const entry = `${tool.name}-${hash.digest("hex").slice(0, 12)}`;
  const path = join(ourCacheFolder(), entry, "bin", tool.name + EXECUTABLE_SUFFIX);
  if (await isExecutable(path)) return path;
  process.stderr.write(`Building ${tool.name} with go, once; this takes a minute or two.\n`);
  await buildGoProgram({ moduleFolder, package: tool.package, path }, process.env);
  return path;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
