import type { ExportedState } from "../support/checkpoint";
import type { Fixture } from "./fixture";

/** What a crash left behind, for reports. */
export interface Aftermath {
  locks: number;
  /** "whole", "none", or the damage. */
  checkpoint: string;
  /** The condition of the copy that the engine makes before each save. */
  backup: string;
  /** The number of resources of any type in the checkpoint. */
  resources: number;
  /** The types of the operations that were in flight: "creating", "deleting", … */
  pending: string[];
  /** The number of keys that the stack under test left on the accounts. */
  keysOnAccounts: number;
}

export function aftermathOf(fixture: Fixture, others: ReadonlySet<string>): Aftermath {
  const text = fixture.checkpoint(fixture.stackName);
  const keys = fixture.accounts.flatMap((account) => account.keys());
  const read = readCheckpoint(text);
  return {
    locks: fixture.locks().length,
    checkpoint: read.condition,
    backup: readCheckpoint(fixture.checkpoint(fixture.stackName, ".bak")).condition,
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
