import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";

/** The last step of the build: removes from `dist` the declarations that no entry point reaches, so that none is published. */
async function main(): Promise<void> {
  const root = join(__dirname, "..", "..");
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  const entries = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [] : [join(root, target.types)],
  );
  const reached = await reachedFrom(entries);
  const dist = join(root, "dist");
  for (const name of await readdir(dist, { recursive: true })) {
    if (name.endsWith(".d.ts") && !reached.has(join(dist, name))) await rm(join(dist, name));
  }
}

async function reachedFrom(entries: readonly string[]): Promise<Set<string>> {
  const reached = new Set(entries);
  // A set's iteration includes what is added meanwhile.
  for (const file of reached) {
    for (const { fileName } of ts.preProcessFile(await readFile(file, "utf8")).importedFiles)
      if (fileName.startsWith(".")) reached.add(`${resolve(dirname(file), fileName)}.d.ts`);
  }
  return reached;
}

void main();
