import { readFileSync } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { stemOf } from "./importFiles";

/**
 * The statement by which a project's program imports a file.
 *
 * @param entry the folder of the program's first file.
 */
export function importLine(file: string, entry: string): string {
  const path = relative(entry, join(dirname(file), stemOf(file) + specifierExtension(file, entry)));
  const posix = path.split(sep).join("/");
  return `import ${JSON.stringify(posix.startsWith("../") ? posix : `./${posix}`)};`;
}

/** TypeScript is imported by the name of the JavaScript that it becomes: without extension in CommonJS, with it in ESM. */
function specifierExtension(file: string, entry: string): string {
  const extension = extname(file);
  if (extension !== ".ts") return extension.replace("ts", "js");
  return manifestOf(entry)?.type === "module" ? ".js" : "";
}

/**
 * The folder of the program's first file.
 *
 * @param folder the program's folder. Its package.json may name another file than index.ts.
 */
export function entryFolder(folder: string): string {
  const main = readManifest(folder)?.main;
  return typeof main === "string" && /\.[mc]?ts$/.test(main) ? dirname(join(folder, main)) : folder;
}

/** Whether Pulumi runs the file itself. */
export function isProgram(file: string, folder: string): boolean {
  const main = readManifest(folder)?.main;
  return typeof main === "string"
    ? join(folder, main) === file
    : /^index\.[mc]?[jt]s$/.test(relative(folder, file));
}

/** The package.json that decides how Node reads the folder's files. */
function manifestOf(folder: string): Manifest | undefined {
  const manifest = readManifest(folder);
  if (manifest !== undefined || dirname(folder) === folder) return manifest;
  return manifestOf(dirname(folder));
}

interface Manifest {
  type?: unknown;
  main?: unknown;
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}
