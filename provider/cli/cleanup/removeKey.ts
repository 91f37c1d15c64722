import type { KeyObject } from "../../api/wire";
import { withAuditLog } from "../../lifecycle/auditLog";
import { remove } from "../../lifecycle/delete";
import type { Labels } from "../../lifecycle/labels";
import { serverOf } from "../../lifecycle/server";
import { outputsFromWire, shownInputs, type Stored } from "../../lifecycle/schema/state";
import type { AccountView, ListedKey } from "../account/accounts";
import { problemOf, type Problem } from "../problems";
import { ChangedKey } from "./changedKey";
import { Claim, hiddenClaim } from "./ownership";

export type Removal = { outcome: "removed" | "already-gone" } | ({ outcome: "kept" | "failed" } & Problem);

export interface RemovalTerms {
  /** Counts requests that may have changed something. */
  changes: { count: number };
  /**
   * Called right before each request that removes the key, after every wait: a stack may have taken the key meanwhile.
   *
   * @throws Claim, or another error that prevents the request.
   */
  requireUnowned: () => Promise<void>;
  /** A duration such as `30d`. Looks the key up before the removal, and keeps it if it was used within this time. */
  refuseIfUsedWithin?: string | undefined;
  /**
   * Looks the key up before the removal, and checks what is found.
   *
   * @throws ChangedKey, which keeps the key.
   */
  requireStill?: ((found: KeyObject, serverNowMs: number | undefined) => void) | undefined;
  /** For the audit log. The API has none. */
  labels?: Labels | undefined;
}

/** Removes a key in the same way as a destroy, with a line in the audit log. Never throws. */
export async function removeKey(
  key: ListedKey,
  account: AccountView,
  { changes, requireUnowned, refuseIfUsedWithin, requireStill, labels }: RemovalTerms,
): Promise<Removal> {
  const { wire, fingerprint } = key;
  if (wire.key === undefined || fingerprint === undefined)
    return { outcome: "failed", ...problemOf(hiddenClaim(key)) };
  const stored: Stored = {
    ...shownInputs(wire),
    ...outputsFromWire(wire.key, wire),
    server: serverOf(account.settings),
    refuseIfUsedWithin,
    labels,
  };
  const operation = account.begin();
  const { beforeMutation, clock, onRequest } = operation.call;
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
  const requireFound =
    requireStill &&
    ((found: KeyObject) => {
      const { serverAheadMs } = operation.client;
      requireStill(found, serverAheadMs === undefined ? undefined : clock.nowMs() + serverAheadMs);
    });
  try {
    const { outcome } = await withAuditLog("delete", stored, operation, () =>
      remove(fingerprint, stored, operation, requireFound),
    );
    return { outcome: outcome === "already deleted" ? "already-gone" : "removed" };
  } catch (error) {
    const problem = problemOf(error);
    const isOwned = error instanceof Claim && error.kind === "owned";
    if (!isOwned && !(error instanceof ChangedKey)) return { outcome: "failed", ...problem };
    if (!isSent) return { outcome: "kept", ...problem };
    return {
      outcome: "failed",
      why: `${problem.why} An earlier request, whose response was lost, may have removed it.`,
      nextStep: isOwned ? "Run `pulumi refresh` on that stack." : "Run the command again.",
    };
  }
}
