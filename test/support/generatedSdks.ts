import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "./command";
import type { EngineProject } from "./engine";
import { findSdkGenerator } from "./goTools";

/** The folders of the SDKs that Pulumi generates from the plugin's schema. */
export interface GeneratedSdks {
  go: string;
  nodejs: string;
  python: string;
}

/** Generates the SDKs from the schema that the built plugin answers with, as `pulumi package add` does. */
export async function generateSdks(project: EngineProject): Promise<GeneratedSdks> {
  const plugin = join(project.folders.bin, "pulumi-resource-electronhub");
  const { exitCode, stdout, output } = await project.pulumi(["package", "get-schema", plugin]);
  if (exitCode !== 0) throw new Error(`pulumi package get-schema failed:\n${output}`);
  const schema = join(project.folders.temporary, "schema.json");
  await writeFile(schema, stdout);
  return writeSdks(schema, join(project.folders.root, "sdks"));
}

/** Writes the SDKs of a schema's file into a folder. @throws for an error in the schema, and for any warning. */
export async function writeSdks(schema: string, root: string): Promise<GeneratedSdks> {
  const { exitCode, output } = await runCommand(await findSdkGenerator(), [schema, root], {
    env: process.env,
  });
  // The generators print their own warnings.
  if (exitCode !== 0 || output !== "") throw new Error(`The SDKs were not generated cleanly:\n${output}`);
  return { go: join(root, "go"), nodejs: join(root, "nodejs"), python: join(root, "python") };
}
