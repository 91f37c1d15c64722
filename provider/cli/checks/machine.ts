import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { OLDEST_SDK } from "../../dynamic/hostVersion";
import { pulumiHome } from "../../lifecycle/creations/backend";
import { PLUGIN_PACKAGE } from "../../lifecycle/schema/typeTokens";
import { isAtLeast } from "../../util/version";
import { cliVersion } from "../pulumi/cliVersion";
import { HOW_TO_GET_PULUMI, asRefusal } from "../pulumi/command";
import type { Program } from "../pulumi/folders";
import type { ProviderKind } from "../pulumi/resourceTypes";
import { failure, failureOf, ok, skipped, warning, type Check } from "./check";

type Environment = Readonly<Record<string, string | undefined>>;

export async function cliCheck(): Promise<Check> {
  const name = "Pulumi CLI";
  try {
    const version = await cliVersion();
    if (version === undefined) return warning(name, "`pulumi version` prints no version.", HOW_TO_GET_PULUMI);
    if (isAtLeast(version, OLDEST_SDK)) return ok(name, version);
    return failure(name, `${version} is older than ${OLDEST_SDK}.`, HOW_TO_GET_PULUMI);
  } catch (error) {
    return failureOf(name, asRefusal(error), HOW_TO_GET_PULUMI);
  }
}

/** Which providers of this package a stack and its program need. */
export type Needs = Readonly<Record<ProviderKind, boolean>>;

/** @param providers of the stack's state. A program without any in its state may be about to have them. */
export function needsOf({ runtime }: Pick<Program, "runtime">, providers: readonly ProviderKind[]): Needs {
  const isTypeScript = runtime === "nodejs" || runtime === "bun";
  return {
    dynamic: providers.includes("dynamic") || (isTypeScript && providers.length === 0),
    plugin: providers.includes("plugin") || !isTypeScript,
  };
}

const NOT_DYNAMIC = "neither the stack nor the program uses the dynamic provider";

/** Looks for the programs that the CLI starts: where the CLI does. */
export function pluginChecks(
  environment: Environment,
  { runtime, pluginFolder }: Pick<Program, "runtime" | "pluginFolder">,
  needs: Needs,
): Check[] {
  const { PATH = "" } = environment;
  const find = (program: string, folders: readonly string[]) =>
    folders
      .flatMap((folder) => ["", ".exe", ".cmd"].map((extension) => join(folder, program + extension)))
      .find((path) => existsSync(path));
  const folders = PATH.split(delimiter);
  const cli = find("pulumi", folders);
  if (cli !== undefined) folders.push(dirname(realpathSync(cli)));
  const check = (
    name: string,
    kind: "language" | "resource",
    plugin: string,
    effect: string,
    nextStep = HOW_TO_GET_PULUMI,
  ) => {
    const program = `pulumi-${kind}-${plugin}`;
    const ofProject = plugin === PLUGIN_PACKAGE && pluginFolder !== undefined ? [pluginFolder] : [];
    const installed = pluginFolders(environment, `${kind}-${plugin}-v`);
    const path = find(program, [...ofProject, ...folders, ...installed]);
    const what = `${program} is neither on PATH, nor beside pulumi, nor among its plugins: ${effect}.`;
    return path === undefined ? failure(name, what, nextStep) : ok(name, path);
  };
  return [
    check(
      "Language host",
      "language",
      runtime,
      "`up` and `preview` need it, except for inline programs of the Automation API",
    ),
    needs.dynamic
      ? check("Dynamic plugin", "resource", "pulumi-nodejs", "every command on a stack needs it")
      : skipped("Dynamic plugin", NOT_DYNAMIC),
    ...(needs.plugin
      ? [
          check(
            "Provider plugin",
            "resource",
            PLUGIN_PACKAGE,
            "every command on a stack needs it",
            "Run `npm install -g pulumi-electronhub`, which puts it on PATH.",
          ),
        ]
      : []),
  ];
}

/** The folders of installed plugins, which are named by kind, name and version. */
function pluginFolders(environment: Environment, prefix: string): string[] {
  const plugins = join(pulumiHome(environment), "plugins");
  try {
    const names = readdirSync(plugins).filter((name) => name.startsWith(prefix));
    return names.map((name) => join(plugins, name));
  } catch {
    return [];
  }
}

/** Checks the packages that a TypeScript program, its `refresh` and its `destroy` load from this folder. */
export function packageChecks(folder: string, { dynamic: isNeeded }: Needs): Check[] {
  if (!isNeeded) return ["Pulumi SDK", "Package"].map((name) => skipped(name, NOT_DYNAMIC));
  const [sdk, own] = ["@pulumi/pulumi", "pulumi-electronhub"].map((name) => versionFrom(folder, name));
  const report = (name: string, check: typeof warning, version: string | undefined, least: string) =>
    version !== undefined && isAtLeast(version, least)
      ? ok(name, version)
      : check(
          name,
          version === undefined ? `not installed in ${folder}` : `${version} is older than ${least}`,
          version === undefined
            ? "Run `npm ci` in the program's folder, or name that folder with --dir."
            : "Run `npm install @pulumi/pulumi@latest` in the program's folder.",
        );
  return [
    report("Pulumi SDK", sdk === undefined ? warning : failure, sdk, OLDEST_SDK),
    report("Package", failure, own, "0.0.0"),
  ];
}

function versionFrom(folder: string, name: string): string | undefined {
  try {
    const path = createRequire(join(folder, "/")).resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version;
  } catch {
    return undefined;
  }
}
