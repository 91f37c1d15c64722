import { ApiError, isApiError } from "../api/errors";
import type { KeyObject } from "../api/wire";
import { ensureEnabled } from "./enabled";
import { inputsSchema, toWireSettings } from "./inputs";
import type { Operation } from "./session";
import { fingerprintOf, inputsFromWire, stateOf, type ProxyKeyState } from "./state";

/** The key cannot be taken over. */
class AdoptionError extends ApiError {
  override readonly name = "AdoptionError";
}

/**
 * Takes over a key that exists: looks it up, and brings it to what is declared. Nothing is created. Should it fail
 * half-way, the key stays where it was, outside the state, and the next `up` begins again.
 */
export async function adopt(
  key: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<ProxyKeyState> {
  const fingerprint = fingerprintOf(key);
  if (operation.claimed.has(fingerprint)) {
    throw new AdoptionError({
      why: `The key to adopt (${fingerprint}) belongs to another resource of this run already.`,
      nextStep: "Adopt each key in one resource only.",
    });
  }
  const { client, snapshot, wait } = operation;
  const found = await find(key, fingerprint, operation);
  const inputs = inputsSchema.parse({ ...properties, name: properties["name"] ?? found.name });
  try {
    // Always: the budget's window is nowhere to be seen, so it has to be set.
    await client.update(key, toWireSettings(inputs), wait);
    await ensureEnabled(key, inputs.enabled, found.is_active, operation);
  } finally {
    snapshot.invalidate();
  }
  operation.claimed.add(fingerprint);
  return { ...stateOf(key, inputsFromWire(found, inputs), found), ...definedOf(inputs) };
}

async function find(key: string, fingerprint: string, { client, wait }: Operation): Promise<KeyObject> {
  try {
    return await client.lookup(key, wait);
  } catch (error) {
    if (!isApiError(error) || error.name !== "NotFoundError") throw error;
    throw new AdoptionError({
      status: error.status,
      why: `The key to adopt (${fingerprint}) is not there. ${error.why}`,
      nextStep: "Check that it is whole, not removed, and of the account of the API key in use.",
      cause: error,
    });
  }
}

function definedOf<T extends object>(values: T): T {
  return JSON.parse(JSON.stringify(values)) as T;
}
