import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ProjectSettings } from "@pulumi/pulumi/automation";
import { projectRoot } from "../../lifecycle/creations/backend";
import { noProjectError } from "./command";

/**
 * Reads a project's file, with the YAML parser of Pulumi's SDK: the SDK's own function would load all of it.
 *
 * @param folder of the file.
 * @throws Refusal without one; the parser's error if it is damaged.
 */
export function readProjectFile(folder: string): ProjectSettings {
  const root = projectRoot(folder);
  if (root?.folder !== folder) throw noProjectError();
  const text = readFileSync(root.file, "utf8");
  if (root.file.endsWith(".json")) return JSON.parse(text) as ProjectSettings;
  const sdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));
  const yaml = sdk("js-yaml") as { load(text: string): unknown };
  return yaml.load(text) as ProjectSettings;
}
