import { resolve } from "node:path";
import { accountCheck, apiKeyCheck, baseUrlCheck, managementCheck } from "../checks/account";
import { clockCheck, rateCheck, serverAheadMs } from "../checks/responses";
import { backendCheck, openProject, projectCheck } from "../checks/backend";
import { checkText, type Check } from "../checks/check";
import { findCredentials, settingsCheck, usableSettings, writtenApiKeys } from "../checks/credentials";
import { auditLogCheck, creationsCheck, ledgerCheck } from "../checks/folders";
import { cliCheck, nodeCheck, providerCheck, sdkCheck } from "../checks/machine";
import { probe } from "../checks/probe";
import { EXIT, type ExitCode } from "../problems";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface DoctorOptions {
  dir: string;
  stack?: string;
  json?: boolean;
}

/** Looks at this machine, at Pulumi and at the account; no look keeps another from being done, and nothing is changed. */
export async function doctor(options: DoctorOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal } = world;
  const checks: Check[] = [];
  for await (const check of checksOf(options, world)) {
    checks.push(check);
    if (options.json !== true) terminal.result(checkText(check));
  }
  const errors = checks.filter(({ status }) => status === "error").length;
  const warnings = checks.filter(({ status }) => status === "warning").length;
  const exitCode = errors > 0 || world.stop.aborted ? EXIT.failedInPart : EXIT.done;
  if (options.json === true) terminal.json({ command: "doctor", exitCode, checks });
  else terminal.result(`${counted(errors, "error")}, ${counted(warnings, "warning")}.`);
  return exitCode;
}

async function* checksOf({ dir, stack }: DoctorOptions, world: CommandContext): AsyncGenerator<Check> {
  const { environment, terminal, clock } = world;
  const folder = resolve(dir);
  const opened = await openProject(folder);
  const credentials = await findCredentials({ stack, dir }, environment, opened);
  for (const apiKey of writtenApiKeys(credentials)) terminal.hide(apiKey);

  yield nodeCheck();
  yield cliCheck();
  yield sdkCheck(folder);
  yield providerCheck(folder);
  yield backendCheck(opened);
  yield projectCheck(opened);
  if (credentials.problem !== undefined) yield credentials.problem;

  const settings = usableSettings(credentials);
  yield settingsCheck(credentials, settings);
  terminal.progress("Asking the account");
  const findings = settings === undefined ? undefined : await probe(settings, world);
  const nowMs = clock.nowMs();
  yield apiKeyCheck(credentials, findings);
  yield baseUrlCheck(credentials, findings);
  yield accountCheck(findings);
  yield managementCheck(findings, nowMs + (findings === undefined ? 0 : (serverAheadMs(findings) ?? 0)));
  yield rateCheck(credentials, findings, nowMs);
  yield clockCheck(findings);

  yield ledgerCheck(environment);
  yield creationsCheck(environment);
  if (settings?.auditLog !== undefined) yield auditLogCheck(settings.auditLog, folder);
}
