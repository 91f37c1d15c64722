import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import * as auto from "@pulumi/pulumi/automation";

import { runCommand } from "../support/command";
import { automationEnvironment, REPOSITORY_ROOT } from "../support/engineEnvironment";
import type { EngineProject, StackConfig } from "../support/engine";
import { generateSdks } from "../support/generatedSdks";
import { buildGoProgram } from "../support/goBuild";
import { findYamlHost } from "../support/goTools";
import { findPython, installPackage } from "../support/pythonEnvironment";

const EXAMPLES = join(REPOSITORY_ROOT, "examples", "languages");

export type Operation = "up" | "preview" | "refresh" | "destroy";

/** The programs that each language has. */
export type ProgramName = "keys" | "questions" | "example";

export interface LanguageResult {
  /** The stack's outputs after an `up`, secrets in clear. */
  outputs: auto.OutputMap;
  /** The number of resources by operation, including the stack itself. */
  changes: Record<string, number>;
}

/**
 * Runs one operation of a program in some language. `config` adds to the configuration of the stack, by property paths.
 *
 * @throws if the engine reports a failure.
 */
export type LanguageRunner = (
  program: ProgramName,
  operation: Operation,
  config?: StackConfig,
) => Promise<LanguageResult>;

/** Programs in Python: an inline program of the Automation API, with the generated SDK installed. */
export async function pythonRunner(project: EngineProject): Promise<LanguageRunner> {
  const [python, sdks] = await Promise.all([findPython(), generateSdks(project)]);
  const site = join(project.folders.root, "site");
  await installPackage(python, sdks.python, site);
  const example = join(EXAMPLES, "python", "__main__.py");
  const env = { PYTHONPATH: site, PYTHONDONTWRITEBYTECODE: "1", EXAMPLE: example };
  return drivenBy(project, "python", [python, join(__dirname, "python", "driver.py")], env);
}

/** Programs in Go: the same, compiled against the generated SDK. */
export async function goRunner(project: EngineProject): Promise<LanguageRunner> {
  const sdks = await generateSdks(project);
  const moduleFolder = join(project.folders.root, "program");
  const pinned = join(__dirname, "..", "support", "pulumi-cli");
  await cp(join(__dirname, "go"), moduleFolder, { recursive: true });
  const example = await readFile(join(EXAMPLES, "go", "main.go"), "utf8");
  await writeFile(join(moduleFolder, "example.go"), asVariable(example));
  for (const file of ["go.mod", "go.sum"]) await cp(join(pinned, file), join(moduleFolder, file));
  const sdkModule = /^module (\S+)/.exec(await readFile(join(sdks.go, "go.mod"), "utf8"))?.[1];
  const goMod = join(moduleFolder, "go.mod");
  const replaced = `\nrequire ${sdkModule} v0.0.0\nreplace ${sdkModule} => ${sdks.go}\n`;
  await writeFile(goMod, (await readFile(goMod, "utf8")) + replaced);
  const path = join(moduleFolder, "bin", "program");
  await buildGoProgram({ moduleFolder, package: ".", path }, process.env);
  return drivenBy(project, "go", [path], {});
}

/** Programs in YAML, which need their language host on PATH, and no SDK. */
export async function yamlRunner(project: EngineProject): Promise<LanguageRunner> {
  await symlink(await findYamlHost(project.cli), join(project.folders.bin, "pulumi-language-yaml"));
  const projectFile = join(project.folders.work, "Pulumi.yaml");
  return async (program, operation, config = {}) => {
    const folder = program === "example" ? join(EXAMPLES, "yaml") : join(__dirname, "yaml", program);
    await cp(join(folder, "Pulumi.yaml"), projectFile);
    const stack = await auto.LocalWorkspace.createOrSelectStack(
      { stackName: program, workDir: project.folders.work },
      {
        pulumiHome: project.folders.home,
        pulumiCommand: project.cli.command,
        envVars: automationEnvironment(project.env),
      },
    );
    if (Object.keys(config).length > 0) await stack.setAllConfig({ ...config }, true);
    const changes = {};
    const result: object = await stack[operation]({
      onEvent: ({ summaryEvent }) => Object.assign(changes, summaryEvent?.resourceChanges),
    });
    return { outputs: {}, ...result, changes };
  };
}

/** The driver runs a function: no language host can start a program in Go here. */
function asVariable(program: string): string {
  return program
    .replace("func main() {\n\tpulumi.Run(", "var example = pulumi.RunFunc(")
    .replace(/\}\)\n\}\n$/, "})\n");
}

/** What a driver answers. */
interface Answer extends LanguageResult {
  printed: string;
  failure: string | null;
}

/** Runs a driver for each operation: JSON on its stdin and stdout. */
function drivenBy(
  project: EngineProject,
  runtime: string,
  [file, ...args]: [string, ...string[]],
  env: Readonly<Record<string, string>>,
): LanguageRunner {
  return async (program, operation, config = {}) => {
    const { name, folders } = project;
    await writeFile(join(folders.work, "Pulumi.yaml"), `name: ${name}\nruntime: ${runtime}\n`);
    const request = { project: name, stack: program, workDir: folders.work, program, operation, config };
    const { exitCode, stdout, output } = await runCommand(file, args, {
      cwd: folders.work,
      env: { ...project.env, ...env },
      input: JSON.stringify(request),
    });
    if (exitCode !== 0) throw new Error(`The ${runtime} driver failed:\n${output}`);
    const { failure, printed, ...result } = JSON.parse(stdout) as Answer;
    if (failure !== null) throw new Error(`pulumi ${operation} failed:\n${printed}\n${failure}`);
    return result;
  };
}
