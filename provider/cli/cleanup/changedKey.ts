import { hasExpired, type KeyObject } from "../../api/wire";
import { instantOf } from "../../lifecycle/schema/instants";
import type { ListedKey } from "../account/accounts";
import { Refusal } from "../problems";
import type { OrphanFilter } from "./orphanFilter";

/** A key has changed since it was listed, so that the command's options do not select it any more. It is kept. */
export class ChangedKey extends Refusal {}

/**
 * Checks a key right before its removal.
 *
 * @param serverNowMs the server's time. Undefined: unknown, so no key counts as expired.
 * @throws ChangedKey if `--disabled` or `--expired` does not select it any more.
 */
export function requireStillSelected(
  { wire: { name }, fingerprint }: ListedKey,
  { disabled = false, expired = false }: OrphanFilter,
  found: KeyObject,
  serverNowMs: number | undefined,
): void {
  const refuse = (what: string, option: string): never => {
    throw new ChangedKey({
      why: `Key ${JSON.stringify(name)} (${fingerprint}) is kept: ${what}.`,
      nextStep: `Find out which application uses it. To remove it nonetheless, leave ${option} out.`,
    });
  };
  if (disabled && found.is_active !== false)
    refuse(
      found.is_active === true
        ? "it was enabled again after it was listed"
        : "the API does not show any more whether it is disabled",
      "--disabled",
    );
  if (!expired) return;
  if (serverNowMs === undefined)
    refuse("the API's response has no date, so the server's time is unknown", "--expired");
  else if (hasExpired(found, serverNowMs) !== true) refuse(expiryNow(found), "--expired");
}

function expiryNow({ expires_at: unixS }: KeyObject): string {
  if (unixS === undefined) return "the API does not show any more when it expires";
  const until =
    unixS < 0 ? "it never expires now" : `it expires at ${instantOf(unixS) ?? "a later time"} now`;
  return `its expiry was changed after it was listed, and ${until}`;
}
