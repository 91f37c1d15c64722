import { access, constants, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CONFIG_NAMESPACE, SETTINGS, cacheFolder } from "../../config";
import { inClear, type SecretSetting } from "../../resources/settingWarnings";
import { errorCode } from "../../util/errno";
import { nearestWord } from "../../util/nearestWord";
import { isUserError } from "../../util/userError";
import { chosenStack, type StackChoice } from "../account/accountForCommand";
import type { StackSettings } from "../account/accounts";
import { configurationOf, settingsIn } from "../account/stackAccounts";
import type { CommandContext } from "../commandContext";
import type { PulumiProject } from "../pulumi/project";
import { listStacks } from "../stack/listStacks";
import { failure, failureOf, ok, warning, type Check } from "./check";

type Environment = CommandContext["environment"];

export async function backendCheck(open: () => Promise<PulumiProject>): Promise<Check> {
  try {
    const { user, url } = await (await open()).backend();
    return ok("Backend", `${user} at ${withoutSecrets(url)}`);
  } catch (error) {
    return failureOf("Backend", error, "Run `pulumi whoami -v` in the program's folder.");
  }
}

/**
 * @returns also the stack, the settings of its configuration (undefined: unknown), and whether the project's stacks are all
 *   unselected.
 */
export async function stackCheck(
  choice: StackChoice,
  environment: Environment,
  open: () => Promise<PulumiProject>,
): Promise<{ check: Check; stack?: string; settings?: StackSettings; isUnselected?: boolean }> {
  const name = "Stack";
  try {
    const chosen = await chosenStack(choice, environment, open);
    if (chosen?.stack === undefined) {
      const check =
        chosen?.hasStacks === true
          ? warning(
              name,
              "no stack is selected: the settings are the environment's",
              "Name one with --stack, or select it with `pulumi stack select`.",
            )
          : ok(name, "none: the settings are the environment's");
      return { check, settings: {}, isUnselected: check.status !== "ok" };
    }
    const { project, stack } = chosen;
    const configuration = await configurationOf(project, stack);
    const settings = settingsIn(configuration);
    const known = Object.keys(SETTINGS).map((setting) => `${CONFIG_NAMESPACE}:${setting}`);
    const unknown = Object.keys(settings).find(
      (key) => key.startsWith(`${CONFIG_NAMESPACE}:`) && !known.includes(key),
    );
    const entry = (setting: string) => configuration[`${CONFIG_NAMESPACE}:${setting}`];
    const [plain] = inClear(
      (setting) => entry(setting)?.value,
      (setting) => entry(setting)?.secret === true,
    );
    const check = plain
      ? warning(
          name,
          `the ${CREDENTIALS[plain]} of ${stack} is not encrypted`,
          `Run \`pulumi config set ${CONFIG_NAMESPACE}:${plain} --secret\`, and replace the ${CREDENTIALS[plain]} if its file was shared.`,
        )
      : unknown !== undefined
        ? warning(
            name,
            `${stack} has the unknown setting ${unknown}`,
            `Did you mean ${nearestWord(unknown, known).word}? The settings are ${known.join(", ")}.`,
          )
        : ok(name, stack);
    return { check, stack, settings };
  } catch (error) {
    const reason = isUserError(error) ? error : await damageOr(error, open);
    return { check: failureOf(name, reason, "See `pulumi stack ls` for the stacks of the project.") };
  }
}

/** A truncated file in the backend makes every list of stacks fail. */
async function damageOr(error: unknown, open: () => Promise<PulumiProject>): Promise<unknown> {
  try {
    await listStacks(await open());
    return error;
  } catch (reason) {
    return isUserError(reason) ? reason : error;
  }
}

const CREDENTIALS: Readonly<Record<SecretSetting, string>> = {
  apiKey: "API key",
  sharedWindow: "password of the shared window",
};

/** Whether the folders in the user's cache and the audit log can be written. */
export async function folderChecks(
  settings: StackSettings | undefined,
  folder: string,
  environment: Environment,
): Promise<Check[]> {
  const check = async (
    name: string,
    path: string,
    report: typeof warning,
    effect: string,
    nextStep: string,
  ) => {
    const trouble = await troubleWith(path, report === failure);
    return trouble === undefined
      ? ok(name, path)
      : report(name, `${path} cannot be written (${trouble}): ${effect}`, nextStep);
  };
  const cache = "Make it writable, or set XDG_CACHE_HOME.";
  const checks = [
    check(
      "Rate folder",
      cacheFolder("rate", environment),
      warning,
      "processes do not share the rate limit",
      cache,
    ),
    check(
      "Journal folder",
      cacheFolder("creations", environment),
      warning,
      "keys of killed creations may be lost",
      cache,
    ),
  ];
  const auditLog = settings?.[`${CONFIG_NAMESPACE}:auditLog`] || environment[SETTINGS.auditLog];
  const fix = "Create its folder, and make the folder and the file writable, or change electronhub:auditLog.";
  if (auditLog)
    checks.push(check("Audit log", resolve(folder, auditLog), failure, "no key can be changed", fix));
  return Promise.all(checks);
}

/** Why a path can be neither written nor created. Creates nothing, so a file's folder must exist. */
async function troubleWith(path: string, isFile: boolean): Promise<string | undefined> {
  try {
    if ((await stat(path)).isFile() !== isFile) return isFile ? "not a file" : "not a folder";
    await access(path, isFile ? constants.R_OK | constants.W_OK : constants.W_OK | constants.X_OK);
    // Its lock is beside it.
    if (isFile) await access(dirname(await realpath(path)), constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== "ENOENT" || parent === path) return errorCode(error) ?? "failed";
    if (isFile && !(await stat(parent).catch(() => undefined))) return "its folder does not exist";
    return troubleWith(parent, false);
  }
}

/** A backend's URL without the password and the parameters of a database. */
export function withoutSecrets(url: string): string {
  return url.replace(/^(\w+:\/\/).*@/, "$1").replace(/\?.*$/, "");
}
