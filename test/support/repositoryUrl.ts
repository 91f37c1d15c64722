import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./engineEnvironment";

/** The address of this repository, without a slash at the end: package.json is the one place that has it. */
export function repositoryUrl(): string {
  const manifest = JSON.parse(readFileSync(join(REPOSITORY_ROOT, "package.json"), "utf8")) as {
    repository: { url: string };
  };
  return manifest.repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
}
