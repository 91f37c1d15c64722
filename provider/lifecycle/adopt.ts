import { isDeepStrictEqual } from "node:util";
import { isKeyGone } from "../api/errorGuards";
import { isWholeKey, keySettingsSchema, type KeyObject } from "../api/wire";
import type { UserError } from "../util/userError";
import { AdoptionError } from "./adoptionError";
import { applySettings } from "./applySettings";
import { ensureEnabled, notShown } from "./enabled";
import { inputFields } from "./schema/fields";
import { generateName } from "./schema/generatedName";
import {
  inputDefaults,
  resolveInputs,
  toWireSettings,
  type Declared,
  type ProxyKeyInputs,
} from "./schema/inputs";
import type { KeysOfRun } from "./run/keysOfRun";
import type { DeclaredSettings } from "./run/runFile";
import type { Operation } from "./accountContext";
import {
  fingerprintOf,
  inputsFromWire,
  plainJson,
  stateOf,
  type ProxyKeyState,
  type Stored,
} from "./schema/state";
import { noteOnHidden, refuseToWiden } from "./unmentioned";

/**
 * Adopts an existing key: looks it up and updates it to the declared settings. Creates nothing. After a failure the key
 * stays outside the state, and the next `up` adopts it again.
 */
export async function adopt(key: string, declared: Declared, operation: Operation): Promise<ProxyKeyState> {
  const { keys } = operation;
  const fingerprint = fingerprintOf(key);
  try {
    const state = await takeOver(key, declared, operation);
    keys.adopted(fingerprint);
    return state;
  } catch (error) {
    keys.adoptionFailed(fingerprint);
    throw error;
  }
}

async function takeOver(key: string, declared: Declared, operation: Operation): Promise<ProxyKeyState> {
  refuseSharedKey(key, operation);
  const found = await find(key, operation);
  if (!inputFields.name.schema.safeParse(declared.name ?? found.name).success) {
    throw new AdoptionError({
      why: "The key to adopt has a name that the API does not take in an update.",
      nextStep: "Give it a `name`.",
    });
  }
  refuseToWiden(found, declared, operation.call.clock.nowMs());
  const inputs = resolveInputs(declared, found.name);
  // A toggle would fail, after the update has changed the key.
  if (found.is_active === undefined) throw notShown(inputs.enabled);
  // Once more: the engine may have checked another declared resource that has the key meanwhile.
  refuseSharedKey(key, operation);
  const fingerprint = fingerprintOf(key);
  operation.unsettledKeys.begin(fingerprint);
  // Always sent: the API does not return the window of the budget.
  await applySettings(key, toWireSettings(inputs), operation);
  await ensureEnabled(key, inputs.enabled, found.is_active, operation);
  operation.unsettledKeys.end(fingerprint);
  const note = noteOnHidden(declared);
  if (note !== undefined)
    operation.report(`Proxy key ${JSON.stringify(inputs.name)} (${fingerprint}): ${note}`);
  return {
    ...stateOf(key, inputsFromWire(found, inputs), found, operation.settings),
    ...plainJson(inputs),
    __account: operation.account,
    __createdAs: generateName("adopted", operation.randomBytes),
  };
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
    // The message of any other 404 already names the server as the cause.
    if (!isKeyGone(error)) throw error;
    throw new AdoptionError({
      why: `The key to adopt does not exist. ${error.why}`,
      nextStep:
        "Check that it is complete, not removed, and belongs to the account of the API key in use. Without `adopt` a new key is created.",
      cause: error,
    });
  }
}

/**
 * @throws AdoptionError for a replacement whose `adopt` names the key that it replaces: it would adopt a key and then
 *   remove it.
 */
export function refuseToReplaceByItself(
  replaces: readonly string[],
  { key }: Stored,
  { adopt }: Declared,
): void {
  if (replaces.length === 0 || !isWholeKey(adopt) || adopt !== key) return;
  throw new AdoptionError({
    why: `A change of ${replaces.join(" and ")} needs a new key, but \`adopt\` names the key that the resource already has.`,
    nextStep:
      "Leave `adopt` out: the key is already adopted. Then a new key is created, and this one is removed.",
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
  { __createdAs: createdAs }: Stored,
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
export async function settleForHolder(key: string, stored: Stored, operation: Operation): Promise<void> {
  const declared = operation.keys.holder(fingerprintOf(key))?.declared;
  if (declared === undefined) return;
  if (stored.unsettled !== true && isDeepStrictEqual(wireSettings(stored), declared)) return;
  await applySettings(key, declared.settings, operation);
  await ensureEnabled(key, declared.enabled, undefined, operation);
}

/** Undefined: an input is not known yet, or is missing. */
export function wireSettings(
  inputs: Stored | Declared,
  name: string | undefined = inputs.name,
): DeclaredSettings | undefined {
  if ("unknown" in inputs && inputs.unknown.size > 0) return undefined;
  // A stored value may be one that the schema of the inputs refuses.
  const { enabled, ...resolved } = { ...inputDefaults, ...inputs, name } as ProxyKeyInputs;
  const settings = keySettingsSchema.safeParse(toWireSettings(resolved as ProxyKeyInputs));
  return settings.success ? { enabled, settings: settings.data } : undefined;
}
