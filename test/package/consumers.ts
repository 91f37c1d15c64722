import { createRequire } from "node:module";
import { join, relative } from "node:path";
import ts from "typescript";
import type { FreshProject } from "./freshProject";
import { writeReadmePrograms } from "./readmePrograms";
import { TYPED, TYPED_TEST } from "./typedProgram";

/** Users' programs, their configurations, and the compilers that check them. */

/** Installed beside the package. TypeScript 6 is the repository's own. As its dependencies, they would compete for `tsc`. */
export const COMPILERS = ["typescript-5.9@npm:typescript@5.9.3", "typescript-7@npm:typescript@7.0.2"];

/** Literally as `pulumi new typescript` writes it. */
export const TEMPLATE = `{
    "compilerOptions": {
        "strict": true,
        "outDir": "bin",
        "target": "es2020",
        "module": "commonjs",
        "moduleResolution": "node",
        "sourceMap": true,
        "experimentalDecorators": true,
        "pretty": true,
        "noFallthroughCasesInSwitch": true,
        "noImplicitReturns": true,
        "forceConsistentCasingInFileNames": true
    },
    "files": [
        "index.ts"
    ]
}
`;

/** None skips the check of declarations. */
const CONFIGURATIONS: Record<string, object> = {
  "the template's, silenced": {
    extends: "./tsconfig.json",
    compilerOptions: { ignoreDeprecations: "6.0" },
  },
  nodenext: {
    compilerOptions: {
      module: "nodenext",
      target: "es2022",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      isolatedModules: true,
      declaration: true,
      outDir: "bin",
    },
    files: ["program.cts", "program.mts", "withSimulator.cts", "withSimulator.mts"],
  },
  bundler: {
    compilerOptions: {
      module: "esnext",
      moduleResolution: "bundler",
      target: "es2022",
      strict: true,
      noEmit: true,
    },
    files: ["index.ts"],
  },
  "strict alone, without Node's types": {
    compilerOptions: { module: "nodenext", target: "es2022", strict: true, types: [], noEmit: true },
    files: ["withSimulator.cts"],
  },
};

/** By version: the configurations it checks. TypeScript 7 has no resolution like the template's. */
export const CHECKED: readonly (readonly [version: string, configuration: string])[] = [
  ["5.9", "nodenext"],
  ["5.9", "bundler"],
  ["6", "the template's, silenced"],
  ["6", "nodenext"],
  ["6", "bundler"],
  ["7", "nodenext"],
  ["7", "bundler"],
  ["7", "strict alone, without Node's types"],
];

export async function writeConsumers(project: FreshProject): Promise<void> {
  await project.write("tsconfig.json", TEMPLATE);
  const readmes = await writeReadmePrograms(project);
  await project.write("index.ts", `${readmes}import "./withSimulator";\n${TYPED}`);
  for (const extension of ["ts", "cts", "mts"]) await project.write(`withSimulator.${extension}`, TYPED_TEST);
  for (const extension of ["cts", "mts"]) await project.write(`program.${extension}`, TYPED);
  for (const [name, configuration] of Object.entries(CONFIGURATIONS))
    await project.write(fileOf(name), JSON.stringify(configuration));
}

/** @returns the errors in the user's files and in this package's declarations: other libraries' are not ours to fix. */
export async function errorsOf(
  project: FreshProject,
  version: string,
  configuration: string,
): Promise<string[]> {
  const { work } = project.folders;
  const file = join(work, fileOf(configuration));
  if (version === "7") {
    const { output } = await tsc(project, version, ["--pretty", "false", "-p", file]);
    const errors = output.split(/\n(?! )/).filter((line) => line.trim() !== "");
    return errors.filter((error) => !/^(?:\.\.\/)*node_modules\/(?!pulumi-electronhub\/)/.test(error));
  }
  const compiler = version === "6" ? ts : compilerIn(work);
  const program = programOf(compiler, file);
  const ours = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName, work));
  const diagnostics = ours.flatMap((source) => compiler.getPreEmitDiagnostics(program, source));
  const errors = diagnostics.map((diagnostic) => compiler.formatDiagnostic(diagnostic, formatIn(work)));
  // Those of the configuration come with each file.
  return [...new Set(errors)];
}

/** The declarations of this package that a user's program reads, and the exports that it does not name. */
export function usedBy(project: FreshProject): { declarations: string[]; unnamed: string[] } {
  const installed = join(project.folders.work, "node_modules", "pulumi-electronhub");
  const program = programOf(ts, join(project.folders.work, fileOf("bundler")));
  const declarations = program
    .getSourceFiles()
    .map(({ fileName }) => relative(installed, fileName))
    .filter((name) => !name.startsWith(".."));
  const checker = program.getTypeChecker();
  const names = ["index", "testing/index", "dynamic/handler"].flatMap((entry) => {
    const source = program.getSourceFile(join(installed, "dist", `${entry}.d.ts`));
    const symbol = source && checker.getSymbolAtLocation(source);
    return symbol === undefined
      ? [`no ${entry}`]
      : checker.getExportsOfModule(symbol).map(({ name }) => name);
  });
  const words = new Set(`${TYPED}\n${TYPED_TEST}`.match(/\w+/g));
  return { declarations, unnamed: names.filter((name) => !words.has(name)) };
}

export function tsc(project: FreshProject, version: string, args: readonly string[]) {
  const program = join(project.folders.work, "node_modules", `typescript-${version}`, "bin", "tsc");
  return project.run("node", [program, ...args]);
}

function programOf(compiler: typeof ts, file: string): ts.Program {
  const parsed = parsedConfiguration(file, compiler);
  return compiler.createProgram({
    rootNames: parsed.fileNames,
    options: parsed.options,
    configFileParsingDiagnostics: parsed.errors,
  });
}

export function parsedConfiguration(file: string, compiler = ts): ts.ParsedCommandLine {
  const host: ts.ParseConfigFileHost = {
    ...compiler.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(compiler.flattenDiagnosticMessageText(messageText, "\n"));
    },
  };
  const parsed = compiler.getParsedCommandLineOfConfigFile(file, {}, host);
  if (parsed === undefined) throw new Error(`${file} cannot be read.`);
  return parsed;
}

function compilerIn(work: string): typeof ts {
  return createRequire(join(work, "package.json"))("typescript-5.9") as typeof ts;
}

/** A file of the user, or of this package. */
export function isOurs(file: string, work: string): boolean {
  return !file.includes("/node_modules/") ? file.startsWith(work) : file.includes("/pulumi-electronhub/");
}

function formatIn(work: string): ts.FormatDiagnosticsHost {
  return {
    getCurrentDirectory: () => work,
    getCanonicalFileName: (name) => name,
    getNewLine: () => "\n",
  };
}

function fileOf(configuration: string): string {
  return `tsconfig.${configuration.replaceAll(/\W+/g, "-")}.json`;
}
