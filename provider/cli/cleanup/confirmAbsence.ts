import { isForbidden, isKeyGone, isNotFound } from "../../api/errorGuards";
import { keyOf } from "../../lifecycle/schema/state";
import type { AccountView } from "../account/accounts";
import { problemOf } from "../problems";
import type { StateKey } from "../pulumi/checkpoint";
import type { Sighting } from "./sighting";

/**
 * Looks up a key that the account's list does not show, because another account may have it. Call it only for the server that
 * had the key.
 *
 * @throws StateError if the state does not have the key itself.
 */
export async function confirmAbsence(key: StateKey, view: AccountView): Promise<Sighting> {
  const { fingerprint, secret: stored } = key;
  const secret = keyOf(fingerprint, stored === undefined ? {} : { key: stored });
  const { client, call } = view.begin();
  try {
    return { kind: "listed", key: { wire: await client.lookup(secret, call), fingerprint } };
  } catch (error) {
    if (isKeyGone(error)) return { kind: "absent" };
    // An edge or a proxy may have sent the 404. The list of the account that created the key is proof as well.
    if (isNotFound(error) && key.sentTo === view.account) return { kind: "absent" };
    return { kind: isForbidden(error, "otherAccount") ? "foreign" : "unasked", ...problemOf(error) };
  }
}
