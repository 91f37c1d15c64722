import type { ExportedState } from "../support/checkpoint";
import type { World } from "./world";

/** What a crash has left, for reports. */
export interface Aftermath {
  locks: number;
  /** "whole", "none", or what is wrong with the file. */
  checkpoint: string;
  /** The same of the copy beside it, which the engine makes before each save. */
  backup: string;
  /** How many resources the checkpoint has, of any type. */
  resources: number;
  /** The types of the operations that were in flight: "creating", "deleting", … */
  pending: string[];
  /** Keys on the accounts that are none of the others'. */
  keysOnAccounts: number;
}

export function aftermathOf(world: World, others: ReadonlySet<string>): Aftermath {
  const text = world.checkpoint(world.stackName);
  const keys = world.accounts.flatMap((account) => account.keys());
  const read = readCheckpoint(text);
  return {
    locks: world.locks().length,
    checkpoint: read.condition,
    backup: readCheckpoint(world.checkpoint(world.stackName, ".bak")).condition,
    resources: read.latest?.resources?.length ?? 0,
    pending: (read.latest?.pending_operations ?? []).map(({ type }) => type),
    keysOnAccounts: keys.filter(({ key }) => !others.has(key)).length,
  };
}

function readCheckpoint(text: string | undefined): {
  condition: string;
  latest?: ExportedState["deployment"];
} {
  if (text === undefined) return { condition: "none" };
  if (text === "") return { condition: "EMPTY" };
  try {
    const { checkpoint } = JSON.parse(text) as { checkpoint: { latest: ExportedState["deployment"] | null } };
    return checkpoint.latest === null
      ? { condition: "whole" }
      : { condition: "whole", latest: checkpoint.latest };
  } catch {
    return { condition: `TRUNCATED at ${text.length} characters` };
  }
}

export function aftermathInWords({
  locks,
  checkpoint,
  backup,
  resources,
  pending,
  keysOnAccounts,
}: Aftermath): string {
  return [
    `${locks} lock${locks === 1 ? "" : "s"}`,
    `checkpoint ${checkpoint} with ${resources} resources`,
    ...(backup === checkpoint ? [] : [`its copy ${backup}`]),
    ...(pending.length === 0 ? [] : [`pending: ${pending.join(", ")}`]),
    `${keysOnAccounts} keys`,
  ].join(", ");
}
