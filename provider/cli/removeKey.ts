import { audited } from "../lifecycle/audited";
import { remove } from "../lifecycle/delete";
import { inputsFromWire, stateOf } from "../lifecycle/state";
import type { AccountView, ListedKey } from "./accounts";
import { problemOf, type Problem } from "./exit";

export type Removal = { outcome: "removed" | "already-gone" } | ({ outcome: "failed" } & Problem);

/**
 * Removes a key as a destroy does, audit log included. Never throws.
 *
 * @param refuseIfUsedWithin a duration such as `30d`: the key is looked up right before, and kept if it was used more
 *   recently.
 */
export async function removeKey(
  { wire, fingerprint }: ListedKey,
  account: AccountView,
  changes: { count: number },
  refuseIfUsedWithin?: string,
): Promise<Removal> {
  if (wire.key === undefined || fingerprint === undefined) {
    return {
      outcome: "failed",
      why: `The account's list does not show the secret of key ${JSON.stringify(wire.name)}.`,
      nextStep: "Remove it on the account.",
    };
  }
  const properties: Record<string, unknown> = { ...stateOf(wire.key, inputsFromWire(wire, {}), wire) };
  if (refuseIfUsedWithin !== undefined) properties["refuseIfUsedWithin"] = refuseIfUsedWithin;
  try {
    const done = await audited("delete", properties, account.begin(), async (operation) => {
      const outcome = await remove(fingerprint, properties, operation);
      return { result: outcome, outcome };
    });
    changes.count++;
    return { outcome: done === "already deleted" ? "already-gone" : "removed" };
  } catch (error) {
    return { outcome: "failed", ...problemOf(error) };
  }
}
