import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModuleKind, transpileModule } from "typescript";

import { bundlePlugin } from "../release/bundle";

/** Makes a folder of a PATH have the plugin as a release has it: one file. */
export async function installBundle(folder: string): Promise<void> {
  const { code } = await bundlePlugin();
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
