import type { CreateResult } from "@pulumi/pulumi/dynamic";
import { isApiError, UnexpectedAnswerError, type ApiError } from "../api/errors";
import { backoffDelayMs, DEFAULT_RETRY_POLICY, waitWithin } from "../api/retry";
import type { CreatedKey, KeySettings } from "../api/wire";
import { ensureEnabled } from "./enabled";
import { InitializationFailure } from "./failures";
import { inputsSchema, toWireSettings, type InternalInputs } from "./inputs";
import { recognise, type LostCreation } from "./recognise";
import type { Operation } from "./session";
import { fingerprintOf, inputsFromWire, stateOf, type ProxyKeyState } from "./state";

/** Makes a key: one call, and more only where the API leaves something open. */
export async function create(
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<CreateResult<ProxyKeyState>> {
  const inputs = inputsSchema.parse(properties);
  const { __nameGenerated: nameGenerated = false } = properties as InternalInputs;
  const settings = toWireSettings(inputs);
  const created = await createExactlyOnce(settings, nameGenerated, operation);

  // From here on the key exists: whatever fails, the engine must record it.
  const state = stateOf(created.key, inputsFromWire(created, inputs), created);
  try {
    if (inputs.budgetWindow !== "daily") {
      // Whether create honours the window is not documented, and a wrong one would let a key spend many times its budget.
      state.budgetWindow = "daily";
      await operation.client.update(created.key, settings, operation.wait);
      state.budgetWindow = inputs.budgetWindow;
    }
    await ensureEnabled(created.key, inputs.enabled, created.is_active, operation);
    state.enabled = inputs.enabled;
  } catch (error) {
    throw new InitializationFailure(error, state);
  } finally {
    operation.snapshot.invalidate();
  }
  return { id: state.fingerprint, outs: state };
}

/**
 * The API has no idempotency key: after an unclear answer the account's list tells whether the key was made, before
 * anything is sent again.
 */
async function createExactlyOnce(
  settings: KeySettings,
  nameGenerated: boolean,
  operation: Operation,
): Promise<CreatedKey> {
  const { client, claimed, snapshot, wait } = operation;
  const lost: LostCreation = { settings, nameGenerated, startedMs: wait.clock.nowMs(), claimed };
  for (let attempt = 0; ; attempt++) {
    try {
      const created = await client.create(settings, wait);
      claimed.add(fingerprintOf(created.key));
      if (attempt > 0 && nameGenerated) await removeTwins(lost, operation);
      return created;
    } catch (error) {
      if (!isApiError(error) || !error.outcomeUnknown) throw error;
      snapshot.invalidate();
      const found = await findLost(error, attempt, lost, operation);
      if (found) return found;
      if (attempt + 1 >= DEFAULT_RETRY_POLICY.maxAttempts) throw error;
    }
  }
}

/** After an unclear answer: our key, or undefined when nothing was created and another try is safe. */
async function findLost(
  unclear: ApiError,
  attempt: number,
  lost: LostCreation,
  operation: Operation,
): Promise<CreatedKey | undefined> {
  const { claimed, wait } = operation;
  // The server may still be at work on what it did not answer.
  await waitWithin(backoffDelayMs(attempt, DEFAULT_RETRY_POLICY, wait.random), wait, unclear);
  const found = recognise(await listAfter(unclear, lost, operation), lost);
  switch (found.kind) {
    case "absent":
      return undefined;
    case "own": {
      const [own, ...twins] = found.keys;
      claimed.add(fingerprintOf(own.key));
      await removeAll(twins, operation);
      return own;
    }
    case "ambiguous":
      throw unsettled(
        unclear,
        `The account has a key named ${JSON.stringify(lost.settings.name)}, and nothing proves that it is this one.`,
        "Look at that key on the account: remove it there if this stack made it, or choose another `name`; then run `pulumi up` again. A `name` that is left out is generated and always recognised.",
      );
    case "withheld":
      throw unsettled(
        unclear,
        `The key ${JSON.stringify(lost.settings.name)} was made, but the account's list does not show its secret.`,
        "Remove that key on the account, then run `pulumi up` again.",
      );
  }
}

async function listAfter(unclear: ApiError, { settings }: LostCreation, { snapshot, wait }: Operation) {
  try {
    return await snapshot.get(wait);
  } catch (error) {
    throw unsettled(
      unclear,
      `Whether the key was made could not be found out: ${isApiError(error) ? error.why : "the list failed."}`,
      `Look for a key named ${JSON.stringify(settings.name)} on the account and remove it if it is there; then run \`pulumi up\` again.`,
    );
  }
}

function unsettled(unclear: ApiError, why: string, nextStep: string): ApiError {
  return new UnexpectedAnswerError({
    status: unclear.status,
    why: `${unclear.why} ${why}`,
    nextStep,
    cause: unclear,
  });
}

/** A try that answered late may have made a second key under the generated name: nobody ever received it. */
async function removeTwins(lost: LostCreation, operation: Operation): Promise<void> {
  operation.snapshot.invalidate();
  const found = recognise(await operation.snapshot.get(operation.wait), lost);
  if (found.kind === "own") await removeAll(found.keys, operation);
}

async function removeAll(keys: readonly CreatedKey[], { client, snapshot, wait }: Operation): Promise<void> {
  for (const { key } of keys) {
    await client.remove(key, wait);
    snapshot.invalidate();
  }
}
