import { isIncompleteList, isKeyGone, isNotFound } from "../api/errorGuards";
import { mayHide } from "../api/keyList";
import { hasExpired, type KeyObject } from "../api/wire";
import { secretInputNames, type ProxyKeyInputs } from "./schema/inputs";
import { instantOf } from "./schema/instants";
import { isOfAccount, requireSameServer } from "./server";
import type { Operation } from "./accountContext";
import type { Done } from "./auditLog";
import {
  fingerprintOf,
  inputsFromWire,
  internalState,
  keyOf,
  plainJson,
  stateOf,
  type ProxyKeyState,
} from "./schema/state";

export interface ReadResult {
  id: string;
  props: ProxyKeyState;
  inputs: Partial<ProxyKeyInputs>;
}

/**
 * Reads a key. All reads of a refresh share one list. A key that is not in the list is looked up, and is gone only if the API
 * itself says so, or if neither the lookup nor the complete list shows it. Both count only from the server that had it.
 *
 * @returns undefined when the key does not exist.
 */
export async function read(
  id: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<Done<ReadResult | undefined>> {
  const key = keyOf(id, properties);
  const found = await find(key, properties, operation);
  if (found === undefined) requireSameServer(properties["server"], operation.settings);
  reportChanges(properties, found, operation);
  if (found === undefined) return { result: undefined, outcome: "gone" };
  const inputs = inputsFromWire(found, properties);
  const { declared, outputs } = expiryOf(properties, inputs);
  const result: ReadResult = {
    id: fingerprintOf(key),
    props: {
      ...stateOf(key, inputs, found, operation.settings, properties),
      ...internalState(properties),
      ...outputs,
    },
    inputs: withoutSecrets(plainJson({ ...inputs, expiresAt: declared })),
  };
  return { result, outcome: "read" };
}

/**
 * With `expiresIn` the declared expiry is in the state alone. It stays the input, so that an expiry that was moved outside
 * is a difference; and what it was is kept beside the moved one for the refreshes that follow.
 */
function expiryOf(
  { expiresIn, expiresAt: known, __movedExpiry: moved }: Record<string, unknown>,
  { expiresAt: found }: ProxyKeyInputs,
): { declared: string; outputs: { __movedExpiry?: MovedExpiry } } {
  if (typeof expiresIn !== "string" || typeof known !== "string") return { declared: found, outputs: {} };
  const { from, to } = (moved ?? {}) as Partial<MovedExpiry>;
  // An update since then has set another one.
  const declared = from !== undefined && to === known ? from : known;
  return { declared, outputs: declared === found ? {} : { __movedExpiry: { from: declared, to: found } } };
}

/** The engine hides properties that start with two underscores. */
interface MovedExpiry {
  from: string;
  to: string;
}

/** The host cannot mark an input as a secret here; that of the state stays as it is. */
function withoutSecrets(inputs: ProxyKeyInputs): Partial<ProxyKeyInputs> {
  const shown = Object.entries(inputs).filter(
    ([name]) => !(secretInputNames as readonly string[]).includes(name),
  );
  return Object.fromEntries(shown);
}

async function find(
  key: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<KeyObject | undefined> {
  const { client, call } = operation;
  const { keys, isComplete } = await client.keyList.get(call).then(
    (listing) => ({ keys: listing.keys, isComplete: true }),
    (error: unknown) => {
      if (!isIncompleteList(error)) throw error;
      return { keys: error.shown, isComplete: false };
    },
  );
  const listed = keys.find((entry) => entry.key === key);
  if (listed) return listed;
  try {
    return await client.lookup(key, call);
  } catch (error) {
    if (isKeyGone(error)) return undefined;
    if (!isNotFound(error)) throw error;
    // A proxy may have sent the 404, but a complete list of keys with secrets does not contain this key.
    if (isComplete && !mayHide(keys, key)) {
      if (isOfAccount(properties, operation)) return undefined;
      requireSameServer(properties["server"], operation.settings);
    }
    throw error;
  }
}

/** Reports what a diff does not show: that the key is gone, was disabled outside, or has expired. */
function reportChanges(
  { name, fingerprint, enabled }: Record<string, unknown>,
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
