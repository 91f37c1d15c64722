import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { parse } from "yaml";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { isOurs, parsedConfiguration } from "./consumers";

export const EXAMPLES = join(REPOSITORY_ROOT, "examples");

/** An example's folder that has a package.json. */
export interface ExampleProject {
  name: string;
  folder: string;
  files: readonly string[];
  manifest: ExampleManifest;
}

interface ExampleManifest {
  name: string;
  private: boolean;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** The names of the examples' folders. */
export const exampleNames: readonly string[] = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

export const exampleProjects: readonly ExampleProject[] = exampleNames.flatMap((name) => {
  const folder = join(EXAMPLES, name);
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) return [];
  const files = readdirSync(folder).filter(isSource);
  return [{ name, folder, files, manifest: JSON.parse(readFileSync(manifest, "utf8")) as ExampleManifest }];
});

/** Not what an installation adds. */
export function isSource(name: string): boolean {
  return name !== "node_modules" && name !== "package-lock.json";
}

/** The packages that a project's programs import. */
export function importedPackages({ folder, files }: ExampleProject): string[] {
  const programs = files.filter((file) => /\.m?ts$/.test(file));
  const imported = programs.flatMap(
    (file) => ts.preProcessFile(readFileSync(join(folder, file), "utf8")).importedFiles,
  );
  const packages = imported
    .map(({ fileName }) => /^(?:@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? "")
    .filter((name) => !name.startsWith(".") && !name.startsWith("node:"));
  return [...new Set(packages)];
}

/** The project names in the `Pulumi.yaml` of all examples, those of the other languages included. */
export function projectNames(): string[] {
  const settings = readdirSync(EXAMPLES, { recursive: true, encoding: "utf8" }).filter(
    (path) => /(?:^|[/\\])Pulumi\.yaml$/.test(path) && !path.includes("node_modules"),
  );
  return settings.map((path) => (parse(readFileSync(join(EXAMPLES, path), "utf8")) as { name: string }).name);
}

/**
 * The errors of projects, each with its own tsconfig.json, in their files and in this package's declarations: other libraries' are not
 * ours to fix. Those with the same options are one program, so that they share the SDK.
 */
export function typeErrors(work: string, folders: readonly string[]): string[] {
  const programs = new Map<string, ts.ParsedCommandLine>();
  for (const folder of folders) {
    const parsed = parsedConfiguration(join(folder, "tsconfig.json"));
    const { configFilePath: _, skipLibCheck: __, ...options } = parsed.options;
    const same = programs.get(JSON.stringify(options));
    if (same === undefined) programs.set(JSON.stringify(options), { ...parsed, options });
    else same.fileNames.push(...parsed.fileNames);
  }
  const found = [...programs.values()].flatMap(({ fileNames, options, errors }) => {
    const program = ts.createProgram({ rootNames: fileNames, options, configFileParsingDiagnostics: errors });
    const ours = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName, work));
    const diagnostics = ours.flatMap((source) => ts.getPreEmitDiagnostics(program, source));
    const host = { ...ts.createCompilerHost(options), getNewLine: () => "\n" };
    return diagnostics.map((diagnostic) => ts.formatDiagnostic(diagnostic, host));
  });
  // Those of the configuration come with each file.
  return [...new Set(found)];
}
