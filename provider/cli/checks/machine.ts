import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { packageVersion } from "../../config";
import { HOW_TO_GET_PULUMI, asRefusal } from "../pulumi/command";
import { failure, ok, problemIn, warning, type Check } from "./check";

const OLDEST_NODE = "22.19.0";
/** Of the CLI and the SDK alike: where the package's peer range begins. */
const OLDEST_PULUMI = "3.200.0";

/** Whether a version such as `3.259.0` is no older than another; what follows the numbers does not count. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [mine, other] = [numbersOf(version), numbersOf(oldest)];
  const at = mine.findIndex((number, index) => number !== other[index]);
  return at < 0 || (mine[at] ?? 0) > (other[at] ?? 0);
}

function numbersOf(version: string): number[] {
  const [, ...numbers] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return numbers.map(Number);
}

export function nodeCheck(version = process.versions.node): Check {
  const what = `${version}, running pulumi-electronhub ${packageVersion()}`;
  if (isAtLeast(version, OLDEST_NODE)) return ok("Node", what);
  return failure("Node", what, `Install ${OLDEST_NODE} or newer: https://nodejs.org`);
}

/** The CLI on PATH. */
export async function cliCheck(): Promise<Check> {
  try {
    return cliVersionCheck((await PulumiCommand.get({ skipVersionCheck: true })).version?.version);
  } catch (error) {
    const { why, nextStep } = problemIn(asRefusal(error), HOW_TO_GET_PULUMI);
    return failure("Pulumi CLI", why, nextStep);
  }
}

/** @param version undefined: one that is no release, such as a developer's own build. */
export function cliVersionCheck(version: string | undefined): Check {
  if (version === undefined) {
    return warning("Pulumi CLI", "It says no version that could be read.", HOW_TO_GET_PULUMI);
  }
  if (isAtLeast(version, OLDEST_PULUMI)) return ok("Pulumi CLI", version);
  return failure("Pulumi CLI", `${version} is older than ${OLDEST_PULUMI}.`, HOW_TO_GET_PULUMI);
}

/** The SDK that a program in this folder gets. */
export function sdkCheck(folder: string): Check {
  const version = versionFrom(folder, "@pulumi/pulumi");
  const nextStep = `Run \`npm install @pulumi/pulumi\` in ${folder} for ${OLDEST_PULUMI} or newer.`;
  if (version === undefined) {
    return warning("Pulumi SDK", `@pulumi/pulumi is not to be found from ${folder}.`, nextStep);
  }
  if (isAtLeast(version, OLDEST_PULUMI)) return ok("Pulumi SDK", version);
  return warning("Pulumi SDK", `${version} is older than ${OLDEST_PULUMI}.`, nextStep);
}

/** What `pulumi up`, `refresh` and `destroy` load in this folder: every state names it. */
export function providerCheck(folder: string): Check {
  try {
    requireFrom(folder).resolve("pulumi-electronhub/handler");
  } catch {
    return failure(
      "Provider",
      `pulumi-electronhub/handler cannot be loaded from ${folder}, so neither up nor destroy can work there.`,
      "Run `npm ci` in the program's folder, or name that folder with --dir.",
    );
  }
  const version = versionFrom(folder, "pulumi-electronhub");
  if (version === packageVersion())
    return ok("Provider", `pulumi-electronhub ${version}, from the program's folder`);
  return warning(
    "Provider",
    `The program's folder has pulumi-electronhub ${version}, and this command is ${packageVersion()}.`,
    "Run the command from the program's folder: `npx pulumi-electronhub doctor`.",
  );
}

function versionFrom(folder: string, name: string): string | undefined {
  try {
    const path = requireFrom(folder).resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version;
  } catch {
    return undefined;
  }
}

function requireFrom(folder: string): NodeJS.Require {
  return createRequire(join(folder, "/"));
}
