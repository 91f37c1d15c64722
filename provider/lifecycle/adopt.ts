import { ApiError, isApiError } from "../api/errors";
import { isWholeKey, type KeyObject } from "../api/wire";
import { ensureEnabled } from "./enabled";
import { inputFields } from "./fields";
import { inputsSchema, toWireSettings, type ProxyKeyInputs } from "./inputs";
import type { Operation } from "./session";
import { fingerprintOf, inputsFromWire, plainJson, stateOf, type ProxyKeyState } from "./state";

/** The key cannot be taken over, or cannot be what it is asked to be as well. */
class AdoptionError extends ApiError {
  override readonly name = "AdoptionError";
}

/** How far this process has come with taking over a key. */
export type Adoption = "begun" | "done" | "failed";

/**
 * Takes over a key that exists: looks it up, and brings it to what is declared. Nothing is created. Should it fail
 * half-way, the key stays where it was, outside the state, and the next `up` begins again.
 */
export async function adopt(
  key: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<ProxyKeyState> {
  const { adoptions, claimed } = operation;
  const fingerprint = fingerprintOf(key);
  const adoption = adoptions.get(fingerprint);
  if (claimed.has(fingerprint) || adoption === "begun" || adoption === "done") {
    throw new AdoptionError({
      why: "The key to adopt belongs to another resource of this run already.",
      nextStep: "Adopt each key in one resource only.",
    });
  }
  // Before anything is awaited: two resources of one run may ask for the same key at the same time.
  adoptions.set(fingerprint, "begun");
  try {
    const state = await takeOver(key, properties, operation);
    adoptions.set(fingerprint, "done");
    claimed.add(fingerprint);
    return state;
  } catch (error) {
    adoptions.set(fingerprint, "failed");
    throw error;
  }
}

async function takeOver(
  key: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<ProxyKeyState> {
  const { client, snapshot, wait } = operation;
  const found = await find(key, operation);
  const inputs = resolve(properties, found);
  try {
    // Always: the budget's window is nowhere to be seen, so it has to be set.
    await client.update(key, toWireSettings(inputs), wait);
    await ensureEnabled(key, inputs.enabled, found.is_active, operation);
  } finally {
    snapshot.invalidate();
  }
  return { ...stateOf(key, inputsFromWire(found, inputs), found), ...plainJson(inputs) };
}

async function find(key: string, { client, wait }: Operation): Promise<KeyObject> {
  try {
    return await client.lookup(key, wait);
  } catch (error) {
    // A 404 that is not the API's word about the key explains itself.
    if (!isApiError(error) || !("saidByApi" in error && error.saidByApi)) throw error;
    throw new AdoptionError({
      status: error.status,
      why: `The key to adopt is not there. ${error.why}`,
      nextStep:
        "Check that it is whole, not removed, and of the account of the API key in use. Without `adopt` a new key is made.",
      cause: error,
    });
  }
}

/** The declared settings; a name that is left out is the key's own. */
function resolve(properties: Record<string, unknown>, found: KeyObject): ProxyKeyInputs {
  const name = properties["name"] ?? found.name;
  if (!inputFields.name.schema.safeParse(name).success) {
    throw new AdoptionError({
      why: "The key to adopt has a name that the API does not take in an update.",
      nextStep: "Give it a `name`.",
    });
  }
  return inputsSchema.parse({ ...properties, name });
}

/**
 * A replacement whose `adopt` names the key that is to be replaced would take over the very key that it then removes.
 *
 * @throws AdoptionError where that is so.
 */
export function refuseToReplaceByItself(
  replaces: readonly string[],
  olds: Readonly<Record<string, unknown>>,
  news: Readonly<Record<string, unknown>>,
): void {
  if (replaces.length === 0 || !isWholeKey(news["adopt"]) || news["adopt"] !== olds["key"]) return;
  throw new AdoptionError({
    why: `A change of ${replaces.join(" and ")} asks for a new key, and \`adopt\` for the one that the resource has.`,
    nextStep: "Leave `adopt` out: it has done its work. The new key is made then, and this one removed.",
  });
}

/**
 * Whether a key that the engine wants removed has been taken over by another resource of this very run: after a rename
 * in the program, or a replacement that the engine was told to make.
 *
 * @throws AdoptionError when that was tried and failed: removing the key now would leave nothing to try again with.
 */
export function isTakenOver(fingerprint: string, { adoptions }: Operation): boolean {
  const adoption = adoptions.get(fingerprint);
  if (adoption === undefined || adoption === "done") return adoption === "done";
  throw new AdoptionError({
    why: "Another resource of this run was to take this key over, and failed.",
    nextStep: "Nothing was removed. Mend what that resource's message says, then run `pulumi up` again.",
  });
}
