import { isInvalidRequest } from "../api/errorGuards";
import { InvalidRequestError } from "../api/errors";
import { applySettings } from "./applySettings";
import type { Done } from "./auditLog";
import { changedInputs } from "./diff";
import { reportClock } from "./clockNote";
import { ensureEnabled } from "./enabled";
import { PartialFailure } from "./failures";
import { refuseWider } from "./refuseWider";
import { deviationsOf } from "./schema/deviations";
import { inputFields } from "./schema/fields";
import { NEVER, unixSOf } from "./schema/instants";
import { resolveInputs, toWireSettings, type Declared } from "./schema/inputs";
import { serverOf } from "./server";
import type { Operation } from "./accountContext";
import { keyOf, pickInputs, plainJson, STATE_VERSION, type ProxyKeyState, type Stored } from "./schema/state";

export interface UpdateResult {
  outs: ProxyKeyState;
}

/**
 * Updates a key to what is declared: one full replacement of its settings, and a toggle where `enabled` changed. An
 * unsettled key gets both, since its state may not show how it is set.
 */
export async function update(
  id: string,
  stored: Stored,
  declared: Declared,
  operation: Operation,
): Promise<Done<UpdateResult>> {
  const key = keyOf(id, stored);
  const inputs = resolveInputs(declared, stored.name, stored);
  const changed = changedInputs(stored, declared);
  const { unsettled: isMarked, ...known } = stored;
  const before = { ...known, key, fingerprint: id, stateVersion: STATE_VERSION } as ProxyKeyState;
  const { unsettledKeys } = operation;
  const isNoted = unsettledKeys.isOpen(id);
  const unsettled = isMarked === true || isNoted;

  const replaceSettings = async (state: ProxyKeyState): Promise<ProxyKeyState> => {
    if (unsettled || changed.some((name) => inputFields[name].change === "update")) {
      const settings = toWireSettings(inputs);
      await applySettings(key, settings, operation, unsettled ? undefined : before).catch((error: unknown) =>
        explainExpiry(error, inputs.expiresAt, operation.call.clock.nowMs()),
      );
      if (known.__isWider) {
        refuseWider(deviationsOf(await operation.client.lookup(key, operation.call), settings));
      }
    }
    return { ...state, ...pickInputs(inputs), enabled: state.enabled };
  };
  const toggle = async (state: ProxyKeyState): Promise<ProxyKeyState> => {
    if (!unsettled && !changed.includes("enabled")) return state;
    await ensureEnabled(key, inputs.enabled, undefined, operation);
    return { ...state, enabled: inputs.enabled };
  };

  // A key is never left enabled with settings that the program no longer declares.
  const steps = inputs.enabled ? [replaceSettings, toggle] : [toggle, replaceSettings];
  let state: ProxyKeyState = before;
  // No state would show the change if this process is killed after it.
  unsettledKeys.begin(id);
  try {
    for (const step of steps) state = await step(state);
  } catch (error) {
    // Completed and possible changes must be recorded, or the next diff starts from a wrong state.
    const isUntouched = state === before && operation.effects.unclear === 0;
    if (!isUntouched) throw new PartialFailure(error, plainJson(state));
    if (!isNoted) unsettledKeys.end(id);
    throw error;
  }
  unsettledKeys.end(id);
  if (changed.includes("expiresAt")) reportClock(state, operation);
  const { __isWider: _verified, ...rest } = state;
  // Without a request, this server has not confirmed that it has the key.
  const confirmed = operation.requests > 0 ? { server: serverOf(operation.settings) } : {};
  return { result: { outs: plainJson({ ...rest, ...confirmed }) }, outcome: "updated" };
}

/** The API refuses an update with an expiry in the past, and every update contains the expiry. */
function explainExpiry(error: unknown, expiresAt: string, nowMs: number): never {
  const hasExpired = expiresAt !== NEVER && unixSOf(expiresAt) * 1_000 <= nowMs;
  if (!isInvalidRequest(error) || !hasExpired) throw error;
  throw new InvalidRequestError({
    status: error.status,
    why: `${error.why} The key expired at ${expiresAt}, and the API changes no key whose expiry has passed.`,
    nextStep:
      "Give the key a new `expiresAt`, or replace it (`rotationTrigger`), together with the other changes.",
    cause: error,
  });
}
