import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { OLDEST_SDK } from "../../dynamic/hostVersion";
import { isAtLeast } from "../../util/version";
import { cliVersion } from "../pulumi/cliVersion";
import { HOW_TO_GET_PULUMI, asRefusal } from "../pulumi/command";
import { failure, failureOf, ok, warning, type Check } from "./check";

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

/** Looks for the programs that the CLI starts, on PATH and beside the CLI as the CLI does. */
export function pluginChecks({ PATH = "" }: Readonly<Record<string, string | undefined>>): Check[] {
  const find = (program: string, folders: readonly string[]) =>
    folders
      .flatMap((folder) => ["", ".exe", ".cmd"].map((extension) => join(folder, program + extension)))
      .find((path) => existsSync(path));
  const folders = PATH.split(delimiter);
  const cli = find("pulumi", folders);
  if (cli !== undefined) folders.push(dirname(realpathSync(cli)));
  const check = (name: string, program: string, report: typeof warning, effect: string) => {
    const path = find(program, folders);
    const what = `${program} is neither on PATH nor beside pulumi: ${effect}.`;
    return path === undefined ? report(name, what, HOW_TO_GET_PULUMI) : ok(name, path);
  };
  return [
    check("Language host", "pulumi-language-nodejs", warning, "`up` and `preview` need it"),
    check("Dynamic plugin", "pulumi-resource-pulumi-nodejs", failure, "every command on a stack needs it"),
  ];
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
          "Run `npm ci` in the program's folder, or name that folder with --dir.",
        );
  return [report("Pulumi SDK", warning, sdk, OLDEST_SDK), report("Package", failure, own, "0.0.0")];
}

function versionFrom(folder: string, name: string): string | undefined {
  try {
    const path = createRequire(join(folder, "/")).resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version;
  } catch {
    return undefined;
  }
}
