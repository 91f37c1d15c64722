import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode } from "../../util/errno";
import { Refusal, UsageError } from "../problems";

/** The files that `import` writes. */
export interface ImportFiles {
  /** The import file, with the keys in clear. */
  out: string;
  /** The program that declares the keys. */
  program: string;
}

/** What `import "./name"` may mean besides a TypeScript file: the file itself, a folder, or a file with one of these. */
const CONFUSABLE = [
  "",
  ".ts",
  ".tsx",
  ".mts",
  ".cts",
  ".js",
  ".jsx",
  ".mjs",
  ".cjs",
  ".json",
  ".node",
  ".d.ts",
];

/**
 * Checks that the import of the program can load no other file. Otherwise the program would declare no key, and the next
 * `pulumi up` would remove the imported keys.
 *
 * @throws UsageError if the two files can be confused, Refusal if an existing file can be taken for the program.
 */
export function requireClearNames(files: ImportFiles): ImportFiles {
  const [out, program] = [resolve(files.out), resolve(files.program)];
  if (out === program) throw new UsageError("--out and --program name the same file.");
  const name = basename(program);
  if (!/.\.[mc]?[jt]s$/.test(name) || /\.d\.[mc]?ts$/.test(name))
    throw new UsageError("--program needs a name that ends with .ts, .mts, .cts, .js, .mjs or .cjs.");
  const others = CONFUSABLE.map((extension) => join(dirname(program), stemOf(program) + extension)).filter(
    (path) => path !== program,
  );
  // Some file systems ignore case.
  if (others.some((path) => path.toLowerCase() === out.toLowerCase())) {
    throw new UsageError(
      `--out ${files.out} and --program ${files.program} differ only in their extension, so an import of the program may load the import file.`,
    );
  }
  const existing = others.find((path) => existsSync(path));
  if (existing === undefined) return { out, program };
  throw new Refusal({
    why: `An import of ${files.program} may load ${existing} instead.`,
    nextStep: "Name another file with --program, or remove the existing one.",
  });
}

/** The file's name without its extension. */
export function stemOf(file: string): string {
  return basename(file).replace(/\.[^.]*$/, "");
}

/** Writes both files or none. @throws Refusal. */
export async function writeImport(
  files: ImportFiles,
  texts: { file: string; program: string },
  replace: boolean,
): Promise<void> {
  await write(files.out, texts.file, 0o600, replace);
  try {
    await write(files.program, texts.program, 0o644, replace);
  } catch (error) {
    // A failed command must not leave keys in clear.
    await rm(files.out, { force: true });
    throw error;
  }
}

async function write(path: string, text: string, mode: number, replace: boolean): Promise<void> {
  try {
    // An existing file may be readable by others, or a link to another file.
    if (replace) await rm(path, { force: true });
    await writeFile(path, text, { mode, flag: "wx" });
  } catch (error) {
    const code = errorCode(error) ?? "failed";
    // After a full disk, a part of the file is left with keys in clear.
    if (code !== "EEXIST") await rm(path, { force: true }).catch(() => {});
    throw new Refusal({
      why: code === "EEXIST" ? `${path} exists already.` : `${path} cannot be written (${code}).`,
      nextStep:
        code === "EEXIST"
          ? "Name another file with --out or --program, or add --force."
          : "Name a writable file with --out or --program.",
    });
  }
}
