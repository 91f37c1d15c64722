import type { ReadResult } from "@pulumi/pulumi/dynamic";
import { isApiError } from "../api/errors";
import type { KeyObject } from "../api/wire";
import type { ProxyKeyInputs } from "./inputs";
import type { Operation } from "./session";
import { fingerprintOf, inputsFromWire, keyOf, plainJson, stateOf, type ProxyKeyState } from "./state";

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
  if (found === undefined) return GONE;
  const inputs = inputsFromWire(found, properties);
  return { id: fingerprintOf(key), props: stateOf(key, inputs, found), inputs: plainJson(inputs) };
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
