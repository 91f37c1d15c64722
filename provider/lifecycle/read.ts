import { isIncompleteList, isKeyGone, isNotFound } from "../api/errorGuards";
import { mayHide } from "../api/keyList";
import { hasExpired, type KeyObject } from "../api/wire";
import { secretInputNames, type Properties, type ProxyKeyInputs } from "./schema/inputs";
import { secretResult } from "./schema/secretEnvelope";
import { instantOf } from "./schema/instants";
import { expiryBeforeMove } from "./renewal";
import { asDeclared } from "./schema/settle";
import { isOfAccount, requireSameServer } from "./server";
import type { Operation } from "./accountContext";
import type { Done } from "./auditLog";
import { inputsFromWire, keyOf, plainJson, stateOf, type ProxyKeyState, type Stored } from "./schema/state";

export interface ReadResult {
  id: string;
  props: ProxyKeyState;
  inputs: Properties;
}

/**
 * Reads a key. All reads of a refresh share one list. A key that is not in the list is looked up. It is gone only if the API
 * states this, or if neither the lookup nor the complete list shows it, on the server that had the key.
 *
 * @returns undefined when the key does not exist.
 */
export async function read(
  id: string,
  stored: Stored,
  operation: Operation,
): Promise<Done<ReadResult | undefined>> {
  const key = keyOf(id, stored);
  const found = await find(key, stored, operation);
  if (found === undefined) requireSameServer(stored.server, operation.settings);
  reportChanges(stored, found, operation);
  if (found === undefined) return { result: undefined, outcome: "gone" };
  const { unsettled, __isWider, __altered, __account, __createdAs } = stored;
  const inputs = asDeclared(inputsFromWire(found, stored), stored, __altered);
  const expiry = declaredExpiry(stored, inputs.expiresAt);
  const result: ReadResult = {
    id,
    props: plainJson({
      ...stateOf(key, inputs, found, operation.settings, stored),
      unsettled,
      __isWider,
      __altered,
      __account,
      __createdAs,
      __movedExpiry: expiry.moved,
    }) as ProxyKeyState,
    inputs: withSecrets(plainJson({ ...inputs, expiresAt: expiry.declared })),
  };
  return { result, outcome: "read" };
}

/**
 * With `expiresIn` only the state has the declared expiry. It stays the input, so that an expiry that was changed outside
 * Pulumi is a difference. Later refreshes read it from the state, beside the changed one.
 */
function declaredExpiry(
  stored: Stored,
  found: string,
): { declared: string; moved?: Stored["__movedExpiry"] } {
  const declared = expiryBeforeMove(stored);
  if (stored.expiresIn === undefined || declared === undefined) return { declared: found };
  return declared === found ? { declared } : { declared, moved: { from: declared, to: found } };
}

/**
 * Inputs with the secret ones marked as such. Without these, the next `up` would add them, and the engine prints what a saved
 * plan does not have.
 */
function withSecrets(inputs: ProxyKeyInputs): Properties {
  const isSecret = (name: string) => (secretInputNames as readonly string[]).includes(name);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, isSecret(name) ? secretResult(value) : value]),
  );
}

async function find(key: string, stored: Stored, operation: Operation): Promise<KeyObject | undefined> {
  const { client, call } = operation;
  const { keys, flaw } = await client.keyList.get(call).then(
    (listing) => ({ keys: listing.keys, flaw: undefined }),
    (error: unknown) => {
      if (!isIncompleteList(error)) throw error;
      return { keys: error.shown, flaw: error };
    },
  );
  const listed = keys.find((entry) => entry.key === key);
  if (listed) return listed;
  try {
    return await client.lookup(key, call);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    // The list shows the key, but in an entry that cannot be read.
    if (flaw?.hasUnread(key)) throw flaw;
    if (isKeyGone(error)) return undefined;
    // A proxy may have sent the 404, so only a complete list of keys with their secrets proves that the key is gone.
    if (flaw === undefined && !mayHide(keys, key)) {
      if (isOfAccount(stored.__account, operation)) return undefined;
      requireSameServer(stored.server, operation.settings);
    }
    throw error;
  }
}

/** Reports what a diff does not show: the key is gone, was disabled outside Pulumi, or has expired. */
function reportChanges(
  { name, fingerprint, enabled }: Stored,
  found: KeyObject | undefined,
  { report, call }: Operation,
): void {
  const key = `Proxy key ${JSON.stringify(name)} (${String(fingerprint)})`;
  if (found === undefined) {
    report(`${key} is no longer on the account: the next \`pulumi up\` creates a new one.`);
    return;
  }
  if (hasExpired(found, call.clock.nowMs()) === true) {
    report(`${key} has expired (${instantOf(found.expires_at ?? 0) ?? "long ago"}).`);
  }
  if (found.is_active === false && enabled === true) {
    report(`${key} was disabled outside Pulumi: the next \`pulumi up\` enables it again.`);
  }
}
