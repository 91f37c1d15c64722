import { withAuditLog } from "../../lifecycle/auditLog";
import { remove } from "../../lifecycle/delete";
import { serverOf } from "../../lifecycle/server";
import { outputsFromWire, shownInputs } from "../../lifecycle/schema/state";
import type { AccountView, ListedKey } from "../account/accounts";
import { problemOf, type Problem } from "../problems";
import { ClaimedError } from "./ownership";

export type Removal = { outcome: "removed" | "already-gone" } | ({ outcome: "kept" | "failed" } & Problem);

export interface RemovalTerms {
  /** Counts requests that may have changed something. */
  changes: { count: number };
  /**
   * Asked right before each request that removes the key, after every wait: a stack may have taken the key meanwhile.
   *
   * @throws ClaimedError, or anything that keeps the request from going out.
   */
  requireUnowned: () => Promise<void>;
  /** A duration such as `30d`: the key is looked up right before, and kept if it was used more recently. */
  refuseIfUsedWithin?: string | undefined;
}

/** Removes a key as a destroy does, audit log included. Never throws. */
export async function removeKey(
  { wire, fingerprint }: ListedKey,
  account: AccountView,
  { changes, requireUnowned, refuseIfUsedWithin }: RemovalTerms,
): Promise<Removal> {
  if (wire.key === undefined || fingerprint === undefined) {
    return {
      outcome: "failed",
      why: `The account's list does not show the secret of key ${JSON.stringify(wire.name)}.`,
      nextStep: "Leave it alone unless you know by other means who uses it.",
    };
  }
  const properties: Record<string, unknown> = {
    ...shownInputs(wire),
    ...outputsFromWire(wire.key, wire),
    server: serverOf(account.settings),
  };
  if (refuseIfUsedWithin !== undefined) properties["refuseIfUsedWithin"] = refuseIfUsedWithin;
  const operation = account.begin();
  const { beforeMutation, onRequest } = operation.call;
  let isSent = false;
  operation.call.beforeMutation = async () => {
    await beforeMutation?.();
    await requireUnowned();
  };
  operation.call.onRequest = (isMutating) => {
    onRequest?.(isMutating);
    if (isMutating && !isSent) changes.count++;
    isSent ||= isMutating;
  };
  try {
    const { outcome } = await withAuditLog("delete", properties, operation, () =>
      remove(fingerprint, properties, operation),
    );
    return { outcome: outcome === "already deleted" ? "already-gone" : "removed" };
  } catch (error) {
    const problem = problemOf(error);
    const isOwned = error instanceof ClaimedError && error.claim.kind === "owned";
    if (!isOwned) return { outcome: "failed", ...problem };
    if (!isSent) return { outcome: "kept", ...problem };
    return {
      outcome: "failed",
      why: `${problem.why} An earlier request, whose response was lost, may have removed it.`,
      nextStep: "Run `pulumi refresh` on that stack.",
    };
  }
}
