import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ModuleKind, transpileModule } from "typescript";

import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/** What makes the release's bundle, if there is one. */
const BUNDLER = join(REPOSITORY_ROOT, "test", "release", "bundle.ts");

/** The plugin as a release has it: one file. undefined: no release is made here. */
export async function bundledPlugin(): Promise<Uint8Array | undefined> {
  if (!existsSync(BUNDLER)) return undefined;
  const { bundlePlugin } = (await import(pathToFileURL(BUNDLER).href)) as {
    bundlePlugin(): Promise<{ code: Uint8Array }>;
  };
  return (await bundlePlugin()).code;
}

/** Makes a folder of a PATH have the bundled plugin. */
export async function installBundle(folder: string): Promise<void> {
  const code = await bundledPlugin();
  if (code === undefined) throw new Error(`No bundle: there is no ${BUNDLER}.`);
  await install(folder, "electronhub", code);
}

/** Makes a folder of a PATH have the plugin that does nothing, compiled as the package is. */
export async function installNoop(folder: string): Promise<void> {
  const source = await readFile(join(__dirname, "providers", "noopPlugin.ts"), "utf8");
  const { outputText } = transpileModule(source, { compilerOptions: { module: ModuleKind.CommonJS } });
  await install(folder, "noop", `#!/usr/bin/env node\n${outputText}`);
}

async function install(folder: string, name: string, code: string | Uint8Array): Promise<void> {
  const file = join(folder, `pulumi-resource-${name}`);
  // The folder has a link to the built plugin, which must not be written to.
  await rm(file, { force: true });
  await writeFile(file, code, { mode: 0o755 });
}
