import { isDeepStrictEqual } from "node:util";

import type { SimulatedKey } from "../../provider/testing";
import type { CommandResult } from "../support/command";
import { processesIn } from "../support/processes";
import { until } from "../support/until";
import type { World } from "./world";

/** Milliseconds: an orphaned plugin looks after its engine every five seconds, and gives up at the second miss. */
const ORPHAN_LIMIT_MS = 45_000;

/** What must be the same after a cleanup as before the stack's first `up`. */
export interface Before {
  accounts: { name: string; balance: number; keys: readonly SimulatedKey[] }[];
  neighbour: string | undefined;
}

export function remember(world: World): Before {
  return {
    accounts: world.accounts.map((account) => ({
      name: account.name,
      balance: account.balance,
      keys: account.keys(),
    })),
    neighbour: world.checkpoint(world.neighbourName),
  };
}

/** The keys that are none of the stack's. */
export function keysOfOthers({ accounts }: Before): Set<string> {
  return new Set(accounts.flatMap(({ keys }) => keys.map(({ key }) => key)));
}

/** Everything that is not as it must be after a cleanup, in words; nothing when all is well. */
export async function brokenPromises(
  world: World,
  before: Before,
  cleanup: CommandResult,
): Promise<string[]> {
  const { exitCode, signal, output, stdout } = cleanup;
  const broken: string[] = [];
  if (exitCode !== 0) broken.push(`the cleanup ended with ${signal ?? exitCode}`);
  if (!isJson(stdout)) broken.push("the cleanup's standard output is no JSON");
  const leaked = [...world.secrets].filter((secret) => output.includes(secret));
  if (leaked.length > 0) broken.push(`${leaked.length} secrets in the cleanup's output`);
  broken.push(...brokenOnAccounts(world, before));
  if (!(await until(() => processesIn(world.project.folders.work).length === 0, ORPHAN_LIMIT_MS))) {
    broken.push("a process of the stack is still alive");
  }
  // Once more: nobody is left who could still change anything.
  const later = brokenOnAccounts(world, before).map((problem) => `${problem}, once every process had ended`);
  broken.push(...later.filter((problem) => !broken.some((known) => problem.startsWith(known))));
  if (world.checkpoint(world.neighbourName) !== before.neighbour)
    broken.push("the other stack's state differs");
  for (const { kind, method, path } of world.simulator.violations) broken.push(`${kind}: ${method} ${path}`);
  const stacks = await stackNames(world);
  if (stacks === undefined) return [...broken, "`pulumi stack ls` fails"];
  if (stacks.includes(world.stackName)) broken.push("the stack is still there");
  if (!stacks.includes(world.neighbourName)) broken.push("the other stack is gone");
  return broken;
}

function brokenOnAccounts(world: World, before: Before): string[] {
  const broken: string[] = [];
  for (const account of world.accounts) {
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

async function stackNames({ project }: World): Promise<string[] | undefined> {
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
