import type { KeyObject } from "../../api/wire";
import { isForbidden, isKeyGone, isNotFound } from "../../api/errorGuards";
import { backupOf } from "../../lifecycle/auditLog";
import { outputsFromWire, shownInputs } from "../../lifecycle/schema/state";
import type { Labels } from "../../lifecycle/labels";
import { fingerprintOf } from "../../lifecycle/schema/fingerprint";
import type { AccountView } from "../account/accounts";
import { problemOf, type Problem } from "../problems";

/** A key that the command revokes, and what it has found and done. */
export interface RevokedKey {
  /** Undefined: the account's list hides it, or does not have the key. */
  secret: string | undefined;
  /** Undefined: the account's list hides the secret. */
  fingerprint: string | undefined;
  /** As the account has shown it, `is_active` as it was before the revocation. Undefined: not shown. */
  wire: KeyObject | undefined;
  status:
    | "unseen"
    | "enabled"
    | "disabled"
    /** The API says that it does not exist. */
    | "gone"
    /** A response says so that may not be the API's: only the account's list proves it. */
    | "perhaps gone"
    /** The account's list does not show the fingerprint. */
    | "absent"
    /** Another account owns it. */
    | "foreign"
    | "removed";
  /** From a state. Undefined: none, or no state was read yet. */
  labels: Labels | undefined;
  /** From an earlier command that was about to revoke it. */
  remembered: Remembered | undefined;
  /** The requests that disabled it. */
  requests: number;
  /** Milliseconds since the epoch. Undefined: not done by this command. */
  disabledAtMs: number | undefined;
  removedAtMs: number | undefined;
  /** When the account's list did not show it any more. */
  provenAtMs: number | undefined;
  problems: Problem[];
}

/** What this machine remembers of a key that it was about to revoke, as it was before. Without the key. */
export interface Remembered {
  fingerprint: string;
  name: string;
  settings: Readonly<Record<string, unknown>>;
}

export function revokedKey(known: Partial<RevokedKey> & { secret: string | undefined }): RevokedKey {
  return {
    fingerprint: known.secret === undefined ? undefined : fingerprintOf(known.secret),
    wire: undefined,
    labels: undefined,
    remembered: undefined,
    status: "unseen",
    requests: 0,
    disabledAtMs: undefined,
    removedAtMs: undefined,
    provenAtMs: undefined,
    problems: [],
    ...known,
  };
}

/** Notes what a response shows of the key. */
export function observe(key: RevokedKey, shown: KeyObject): void {
  const before = key.wire?.is_active === true || key.remembered?.settings["enabled"] === true;
  key.wire = { ...shown, key: key.secret, is_active: before || shown.is_active };
  if (shown.is_active !== undefined) key.status = shown.is_active ? "enabled" : "disabled";
}

/** A backup of the key, without the key. */
export function settingsOf({ wire, secret }: RevokedKey): Record<string, unknown> | undefined {
  if (wire === undefined || secret === undefined) return undefined;
  const { key: _key, ...outputs } = outputsFromWire(secret, wire);
  return backupOf({ ...shownInputs(wire), ...outputs });
}

const WITH_THE_OWNERS_KEY =
  "The key may still work. Set ELECTRONHUB_API_KEY to the API key of the account that owns it, then run the command again.";

/** Notes why a request about the key failed. */
export function noteFailure(key: RevokedKey, error: unknown): void {
  if (isKeyGone(error)) {
    key.status = "gone";
    return;
  }
  if (isNotFound(error)) key.status = "perhaps gone";
  const problem = problemOf(error);
  if (!isForbidden(error, "otherAccount")) {
    key.problems.push(problem);
    return;
  }
  key.status = "foreign";
  // Not the advice for a destroy, which lets go of the key: it still works.
  key.problems.push({ why: problem.why, nextStep: WITH_THE_OWNERS_KEY });
}

/** The same account, whose requests go before those of other processes. */
export function urgent(account: AccountView): AccountView {
  return {
    ...account,
    begin: () => {
      const operation = account.begin();
      operation.call.urgent = true;
      return operation;
    },
  };
}
