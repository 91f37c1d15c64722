import type { KeyObject } from "../../api/wire";
import { isForbidden, isKeyGone, isNotFound } from "../../api/errorGuards";
import { fingerprintOf } from "../../lifecycle/schema/fingerprint";
import type { AccountView } from "../account/accounts";
import { problemOf, type Problem } from "../problems";
import type { Remembered } from "./memory";

/** A key that the command revokes, and what it has found and done. */
export interface RevokedKey {
  /** Undefined: the account's list hides it, or does not have the key. */
  secret: string | undefined;
  /** Undefined: the account's list hides the secret. */
  fingerprint: string | undefined;
  /** As the account has shown it, `is_active` as it was before this command. Undefined: not shown. */
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
  /** From an earlier command that was about to remove it. */
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

export function revokedKey(known: Partial<RevokedKey> & { secret: string | undefined }): RevokedKey {
  return {
    fingerprint: known.secret === undefined ? undefined : fingerprintOf(known.secret),
    wire: undefined,
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
  const before = key.wire?.is_active;
  key.wire = { ...shown, key: key.secret, is_active: before ?? shown.is_active };
  if (shown.is_active !== undefined) key.status = shown.is_active ? "enabled" : "disabled";
}

/** Notes why a request about the key failed. */
export function noteFailure(key: RevokedKey, error: unknown): void {
  if (isKeyGone(error)) {
    key.status = "gone";
    return;
  }
  if (isNotFound(error)) key.status = "perhaps gone";
  if (isForbidden(error, "otherAccount")) key.status = "foreign";
  key.problems.push(problemOf(error));
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
