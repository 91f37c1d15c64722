import type { ReadResult } from "@pulumi/pulumi/dynamic";
import { isApiError } from "../api/errors";
import type { KeyObject } from "../api/wire";
import { secretInputNames, type ProxyKeyInputs } from "./inputs";
import { instantOf } from "./instants";
import type { Operation } from "./session";
import {
  fingerprintOf,
  inputsFromWire,
  internalState,
  keyOf,
  plainJson,
  stateOf,
  type ProxyKeyState,
} from "./state";

/** Tells the engine that the resource is gone. */
const GONE: ReadResult<never> = { id: "" };

/**
 * What the account says of a key now. All reads of a refresh share one list; a key missing there is looked up before it
 * is called gone, and nothing but the API's own word makes it so.
 */
export async function read(
  id: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<ReadResult<ProxyKeyState | ProxyKeyInputs>> {
  const key = keyOf(id, properties);
  const found = await find(key, operation);
  tellWhatChanged(properties, found, operation);
  if (found === undefined) return GONE;
  const inputs = inputsFromWire(found, properties);
  return {
    id: fingerprintOf(key),
    props: { ...stateOf(key, inputs, found), ...internalState(properties) },
    inputs: withoutSecrets(plainJson(inputs)),
  };
}

/** The host cannot mark an input as a secret here; that of the state stays as it is. */
function withoutSecrets(inputs: ProxyKeyInputs): ProxyKeyInputs {
  const shown = Object.entries(inputs).filter(
    ([name]) => !(secretInputNames as readonly string[]).includes(name),
  );
  return Object.fromEntries(shown) as ProxyKeyInputs;
}

async function find(key: string, { client, snapshot, wait }: Operation): Promise<KeyObject | undefined> {
  const { keys } = await snapshot.get(wait);
  const listed = keys.find((entry) => entry.key === key);
  if (listed) return listed;
  try {
    return await client.lookup(key, wait);
  } catch (error) {
    if (!isApiError(error) || error.name !== "NotFoundError") throw error;
    if ("saidByApi" in error && error.saidByApi) return undefined;
    // Anybody may have said this; but the list has answered, and where it shows its keys, it answered without ours.
    if (keys.every((entry) => entry.key !== undefined)) return undefined;
    throw error;
  }
}

/** What a diff alone does not tell: whether the key is gone, was disabled, or has run out. */
function tellWhatChanged(
  { name, fingerprint, enabled }: Record<string, unknown>,
  found: KeyObject | undefined,
  { report, wait }: Operation,
): void {
  const key = `Proxy key ${JSON.stringify(name)} (${String(fingerprint)})`;
  if (found === undefined) {
    report(`${key} is no longer on the account: the next \`pulumi up\` makes a new one.`);
    return;
  }
  if (found.expires_at >= 0 && found.expires_at * 1_000 <= wait.clock.nowMs()) {
    report(`${key} has expired (${instantOf(found.expires_at) ?? "long ago"}).`);
  }
  if (!found.is_active && enabled === true) {
    report(`${key} was disabled outside Pulumi: the next \`pulumi up\` enables it again.`);
  }
}
