import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { OLDEST_SDK } from "../../dynamic/hostVersion";
import { pulumiHome } from "../../lifecycle/creations/backend";
import { isAtLeast } from "../../util/version";
import { cliVersion } from "../pulumi/cliVersion";
import { HOW_TO_GET_PULUMI, asRefusal } from "../pulumi/command";
import { failure, failureOf, ok, warning, type Check } from "./check";

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

/**
 * Looks for the programs that the CLI starts: on PATH, beside the CLI, and among Pulumi's plugins, as the CLI does.
 *
 * @param runtime of the project, such as `nodejs`.
 */
export function pluginChecks(environment: Environment, runtime: string): Check[] {
  const { PATH = "" } = environment;
  const find = (program: string, folders: readonly string[]) =>
    folders
      .flatMap((folder) => ["", ".exe", ".cmd"].map((extension) => join(folder, program + extension)))
      .find((path) => existsSync(path));
  const folders = PATH.split(delimiter);
  const cli = find("pulumi", folders);
  if (cli !== undefined) folders.push(dirname(realpathSync(cli)));
  const check = (name: string, kind: "language" | "resource", plugin: string, effect: string) => {
    const program = `pulumi-${kind}-${plugin}`;
    const path = find(program, [...folders, ...pluginFolders(environment, `${kind}-${plugin}-v`)]);
    const what = `${program} is neither on PATH, nor beside pulumi, nor among its plugins: ${effect}.`;
    return path === undefined ? failure(name, what, HOW_TO_GET_PULUMI) : ok(name, path);
  };
  return [
    check(
      "Language host",
      "language",
      runtime,
      "`up` and `preview` need it, except for inline programs of the Automation API",
    ),
    check("Dynamic plugin", "resource", "pulumi-nodejs", "every command on a stack needs it"),
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

/** Checks the packages that the program, `refresh` and `destroy` load from this folder. */
export function packageChecks(folder: string): Check[] {
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
