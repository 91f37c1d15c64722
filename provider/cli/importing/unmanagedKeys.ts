import type { KeyObject } from "../../api/wire";
import { listedKey } from "../account/accounts";
import type { CommandContext } from "../commandContext";
import { Ownership } from "../cleanup/ownership";
import type { PulumiProject } from "../pulumi/project";
import { listStacks } from "../stack/listStacks";

/** A key that is left out of an import. */
export interface LeftOutKey {
  /** Names the key, and the stack if it has the key. */
  why: string;
}

/**
 * Leaves out the keys that a stack of the backend has or is making: if two resources have one key, removing either one
 * removes the key of both.
 *
 * @param keys as the account listed them just now.
 * @throws Refusal if the states cannot be read, or may have keys that are not known.
 */
export async function unmanagedKeys(
  keys: readonly KeyObject[],
  project: PulumiProject,
  world: CommandContext,
): Promise<{ keys: readonly KeyObject[]; leftOut: readonly LeftOutKey[] }> {
  // Refuses a damaged backend, in which the keys of stacks are unknown.
  await listStacks(project, { all: true });
  const ownership = new Ownership(project, world);
  await ownership.read();
  if (ownership.incompleteness !== undefined) throw ownership.incompleteness;
  const leftOut: LeftOutKey[] = [];
  const rest = keys.filter((wire) => {
    const claim = ownership.claimOn(listedKey(wire));
    // The description of the import refuses a hidden key.
    if (claim === undefined || claim.kind === "hidden") return true;
    leftOut.push({ why: claim.why });
    return false;
  });
  return { keys: rest, leftOut };
}
