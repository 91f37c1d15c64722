import { isDeepStrictEqual } from "node:util";
import { isKeyGone } from "../api/errorGuards";
import { isWholeKey, type KeyObject } from "../api/wire";
import { UserError } from "../util/userError";
import { applySettings } from "./applySettings";
import { ensureEnabled } from "./enabled";
import { inputFields } from "./schema/fields";
import { containsUnknown, inputsSchema, toWireSettings, type ProxyKeyInputs } from "./schema/inputs";
import type { KeysOfRun } from "./keysOfRun";
import type { DeclaredSettings } from "./runFile";
import type { Operation } from "./accountContext";
import { fingerprintOf, inputsFromWire, plainJson, stateOf, type ProxyKeyState } from "./schema/state";

/** The key cannot be taken over, or cannot be what it is asked to be as well. */
class AdoptionError extends UserError {
  override readonly name = "AdoptionError";
}

/**
 * Adopts an existing key: looks it up and updates it to the declared settings. Creates nothing. After a failure the key
 * stays outside the state, and the next `up` adopts it again.
 */
export async function adopt(
  key: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<ProxyKeyState> {
  const { keys } = operation;
  const fingerprint = fingerprintOf(key);
  try {
    const state = await takeOver(key, properties, operation);
    keys.adopted(fingerprint);
    return state;
  } catch (error) {
    keys.adoptionFailed(fingerprint);
    throw error;
  }
}

async function takeOver(
  key: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<ProxyKeyState> {
  refuseSharedKey(key, operation);
  const found = await find(key, operation);
  const inputs = resolve(properties, found);
  // Once more: the engine may have checked another declared resource that has the key meanwhile.
  refuseSharedKey(key, operation);
  const fingerprint = fingerprintOf(key);
  operation.unsettledKeys.begin(fingerprint);
  // Always sent: the API does not return the window of the budget.
  await applySettings(key, toWireSettings(inputs), operation);
  await ensureEnabled(key, inputs.enabled, found.is_active, operation);
  operation.unsettledKeys.end(fingerprint);
  return { ...stateOf(key, inputsFromWire(found, inputs), found, operation.settings), ...plainJson(inputs) };
}

/** Two resources with one key: removing either one would remove the key under the other. */
function refuseSharedKey(key: string, { keys }: Operation): void {
  const fingerprint = fingerprintOf(key);
  if (isShared(fingerprint, keys)) throw sharedKeyError();
  if (keys.trouble === undefined) return;
  throw new AdoptionError({
    why: `Other providers of this run cannot know that the key is adopted, and one of them may remove it (${keys.trouble}).`,
    nextStep: "Nothing was sent. Make that folder writable, or set XDG_CACHE_HOME to one that is.",
  });
}

/** Whether another declared resource has the key, or adopts it as well. */
export function isShared(fingerprint: string, keys: KeysOfRun): boolean {
  return (
    keys.adopters(fingerprint).size > 1 ||
    keys.holder(fingerprint) !== undefined ||
    keys.isCreated(fingerprint)
  );
}

export function sharedKeyError(): UserError {
  return new AdoptionError({
    why: "Another resource of this program has or adopts the same key.",
    nextStep:
      "Declare each key in one resource only: leave `adopt` out of one, or remove the other from the program.",
  });
}

async function find(key: string, { client, call }: Operation): Promise<KeyObject> {
  try {
    return await client.lookup(key, call);
  } catch (error) {
    // Other 404s already say that the server is not the API.
    if (!isKeyGone(error)) throw error;
    throw new AdoptionError({
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
 * @throws AdoptionError for a replacement whose `adopt` names the key that it replaces: it would adopt a key and then
 *   remove it.
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
 * Whether another declared resource keeps the key that the engine wants to delete: it adopts the key, or it has the same
 * key. Then the deletion must not remove the key.
 *
 * @param stored the state of the resource that the engine deletes.
 * @throws AdoptionError if the adoption was not completed: without the resource nothing would track the key.
 */
export function isTakenOver(
  fingerprint: string,
  { __createdAs: createdAs }: Readonly<Record<string, unknown>>,
  { keys }: Operation,
): boolean {
  const progress = keys.adoption(fingerprint);
  const holder = keys.holder(fingerprint);
  // The engine may replace a resource after a comparison without a replacement: then the resource itself is noted.
  const isOwn = createdAs !== undefined && holder?.by === createdAs;
  if (progress === "done" || (holder !== undefined && !isOwn)) return true;
  if (progress === undefined) return false;
  throw new AdoptionError({
    why:
      progress === "failed"
        ? "A resource of this program adopts this key, and the adoption failed."
        : "A resource of this program adopts this key, and the adoption has not begun.",
    nextStep:
      progress === "failed"
        ? "Nothing was removed. Fix the cause in the message of that resource, then run `pulumi up` again."
        : "Nothing was removed. If the resource adopts the key that it has, leave `deleteBeforeReplace` or `adopt` out.",
  });
}

/** Sets a key to what the resource that keeps it declares: the deleted one may have set it to something else. */
export async function settleForHolder(
  key: string,
  deleted: Readonly<Record<string, unknown>>,
  operation: Operation,
): Promise<void> {
  const declared = operation.keys.holder(fingerprintOf(key))?.declared;
  if (declared === undefined) return;
  if (deleted["unsettled"] !== true && isDeepStrictEqual(declaredSettings(deleted), declared)) return;
  await applySettings(key, declared.settings, operation);
  await ensureEnabled(key, declared.enabled, undefined, operation);
}

/** Undefined: some are not known yet. */
export function declaredSettings(inputs: Readonly<Record<string, unknown>>): DeclaredSettings | undefined {
  const parsed = inputsSchema.safeParse(inputs);
  if (!parsed.success || containsUnknown(inputs)) return undefined;
  return { enabled: parsed.data.enabled, settings: toWireSettings(parsed.data) };
}
