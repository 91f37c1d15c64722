import { isDeepStrictEqual } from "node:util";

import type { SimulatedKey } from "../../provider/testing";
import type { CommandResult } from "../support/command";
import { endProcesses, processesIn, type OwnedProcess } from "../support/processes";
import { until } from "../support/until";
import type { Fixture } from "./fixture";
import { idleHosts } from "./idleHosts";

/** An orphaned plugin checks its engine every second, and ends after two misses and its last responses. */
const EXIT_LIMIT_MS = 10_000;

/** Far more than an orphaned plugin needs, on a busy machine. */
const ORPHAN_LIMIT_MS = 45_000;

/** The accounts and the other stack before the first `up`, which a cleanup must restore. */
export interface Before {
  accounts: { name: string; balance: number; keys: readonly SimulatedKey[] }[];
  neighbour: string | undefined;
}

export function remember(fixture: Fixture): Before {
  return {
    accounts: fixture.accounts.map((account) => ({
      name: account.name,
      balance: account.balance,
      keys: account.keys(),
    })),
    neighbour: fixture.checkpoint(fixture.neighbourName),
  };
}

/** The keys that do not belong to the stack under test. */
export function keysOfOthers({ accounts }: Before): Set<string> {
  return new Set(accounts.flatMap(({ keys }) => keys.map(({ key }) => key)));
}

/** Describes what a cleanup left wrong. Empty: nothing. */
export async function brokenPromises(
  fixture: Fixture,
  before: Before,
  cleanup: CommandResult,
): Promise<string[]> {
  const { exitCode, signal, output, stdout } = cleanup;
  const broken: string[] = [];
  if (exitCode !== 0) broken.push(`the cleanup ended with ${signal ?? exitCode}`);
  if (!isJson(stdout)) broken.push("the cleanup's standard output is no JSON");
  const leaked = [...fixture.secrets].filter((secret) => output.includes(secret));
  if (leaked.length > 0) broken.push(`${leaked.length} secrets in the cleanup's output`);
  broken.push(...brokenOnAccounts(fixture, before));
  const left = await processesLeft(fixture);
  broken.push(...left.map(({ commandLine }) => `a process of the stack is still alive: ${commandLine}`));
  // Checked again after the last process: an earlier one may have changed something.
  const later = brokenOnAccounts(fixture, before).map(
    (problem) => `${problem}, once every process had ended`,
  );
  broken.push(...later.filter((problem) => !broken.some((known) => problem.startsWith(known))));
  if (fixture.checkpoint(fixture.neighbourName) !== before.neighbour)
    broken.push("the other stack's state differs");
  for (const { kind, method, path } of fixture.simulator.violations)
    broken.push(`${kind}: ${method} ${path}`);
  const stacks = await stackNames(fixture);
  if (stacks === undefined) return [...broken, "`pulumi stack ls` fails"];
  if (stacks.includes(fixture.stackName)) broken.push("the stack is still there");
  if (!stacks.includes(fixture.neighbourName)) broken.push("the other stack is gone");
  return broken;
}

/** Ends what never used this package, and waits for the rest. @returns what did not exit. */
async function processesLeft(fixture: Fixture): Promise<OwnedProcess[]> {
  const left = (): OwnedProcess[] => processesIn(fixture.project.folders.work);
  const haveExited = (limitMs: number): Promise<boolean> => until(() => left().length === 0, limitMs);
  if (await haveExited(EXIT_LIMIT_MS)) return [];
  endProcesses(await idleHosts(fixture));
  await haveExited(ORPHAN_LIMIT_MS);
  return left();
}

function brokenOnAccounts(fixture: Fixture, before: Before): string[] {
  const broken: string[] = [];
  for (const account of fixture.accounts) {
    const then = before.accounts.find(({ name }) => name === account.name);
    const known = new Map((then?.keys ?? []).map((key) => [key.key, key]));
    const now = account.keys();
    const strangers = now.filter(({ key }) => !known.has(key));
    if (strangers.length > 0) {
      const names = strangers.map(({ name }) => JSON.stringify(name)).join(", ");
      broken.push(`${strangers.length} keys of the stack are left on "${account.name}": ${names}`);
    }
    for (const key of known.values()) {
      const same = now.find((candidate) => candidate.key === key.key);
      if (same === undefined) broken.push(`a key of others is gone from "${account.name}": "${key.name}"`);
      else if (!isDeepStrictEqual(same, key)) broken.push(`a key of others was changed: "${key.name}"`);
    }
    if (account.balance !== then?.balance) {
      broken.push(`"${account.name}" has ${account.balance} credits instead of ${then?.balance}`);
    }
  }
  return broken;
}

async function stackNames({ project }: Fixture): Promise<string[] | undefined> {
  const { exitCode, stdout } = await project.pulumi(["stack", "ls", "--json"]);
  if (exitCode !== 0) return undefined;
  return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
