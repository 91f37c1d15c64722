import { runCommand } from "./command";

/** Long enough for a cold disk, short enough that a hanging script on PATH does not hold the tests. */
const VERSION_TIMEOUT_MS = 30_000;

/** The version that `pulumi version` prints, without the leading "v". @throws if the file is not a working Pulumi. */
export async function pulumiVersionOf(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const result = await runCommand(path, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  const version = /^v?(\d+\.\d+\.\d+\S*)$/m.exec(result.stdout.trim())?.[1];
  if (result.exitCode === 0 && version !== undefined) return version;
  const ending = result.exitCode === null ? `ended by ${result.signal}` : `exit ${result.exitCode}`;
  throw new Error(`\`pulumi version\` gave no version (${ending})`);
}

/** Whether `version` is `minimum` or newer. A pre-release counts as its release. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [actual, wanted] = [numbersOf(version), numbersOf(minimum)];
  for (const [index, wantedNumber] of wanted.entries()) {
    const actualNumber = actual[index] ?? 0;
    if (actualNumber !== wantedNumber) return actualNumber > wantedNumber;
  }
  return true;
}

function numbersOf(version: string): number[] {
  return version
    .replace(/^v/, "")
    .split(/[-+]/, 1)
    .flatMap((core) => core.split(".").map(Number));
}
