import type { CreateResult } from "@pulumi/pulumi/dynamic";
import { isApiError, UnexpectedAnswerError, type ApiError } from "../api/errors";
import type { CallContext, Listing } from "../api/client";
import { DEFAULT_RETRY_POLICY, waitBeforeRetry } from "../api/retry";
import type { CreatedKey } from "../api/wire";
import { adopt } from "./adopt";
import { ensureEnabled } from "./enabled";
import { InitializationFailure } from "./failures";
import type { CreationInFlight } from "./inFlight";
import { inputsSchema, toWireSettings, type InternalInputs } from "./inputs";
import { recognise, unclaimedOfTheName, type LostCreation } from "./recognise";
import type { Operation } from "./session";
import { fingerprintOf, inputsFromWire, stateOf, type ProxyKeyState } from "./state";

/** Makes a key: one call, and more only where the API leaves something open. */
export async function create(
  properties: Record<string, unknown>,
  operation: Operation,
  inFlight: CreationInFlight,
): Promise<CreateResult<ProxyKeyState>> {
  if (typeof properties["adopt"] === "string") {
    const adopted = await adopt(properties["adopt"], properties, operation);
    return { id: adopted.fingerprint, outs: adopted };
  }
  const inputs = inputsSchema.parse(properties);
  const { __nameGenerated: nameGenerated = false } = properties as InternalInputs;
  const settings = toWireSettings(inputs);
  const { claimed, client, creating, snapshot, wait } = operation;
  const lost: LostCreation = {
    settings,
    nameGenerated,
    startedMs: wait.clock.nowMs(),
    claimed,
    rivals: () => (creating.get(settings.name) ?? 0) > 1,
  };
  creating.set(settings.name, (creating.get(settings.name) ?? 0) + 1);
  const { created, clear } = await createExactlyOnce(lost, operation, inFlight).finally(() =>
    creating.set(settings.name, (creating.get(settings.name) ?? 1) - 1),
  );

  // From here on the key exists: whatever fails, the engine must record it.
  const state = stateOf(created.key, inputsFromWire(created, inputs), created);
  try {
    if (!clear) await settleTwins(lost, operation);
    if (inputs.budgetWindow !== "daily") {
      // Whether create honours the window is not documented, and a wrong one would let a key spend many times its budget.
      state.budgetWindow = "daily";
      await client.update(created.key, settings, wait);
      state.budgetWindow = inputs.budgetWindow;
    }
    await ensureEnabled(created.key, inputs.enabled, created.is_active, operation);
    state.enabled = inputs.enabled;
  } catch (error) {
    throw new InitializationFailure(error, state);
  } finally {
    snapshot.invalidate();
  }
  return { id: state.fingerprint, outs: state };
}

/**
 * The API has no idempotency key: after an unclear answer the account's list tells whether the key was made, before
 * anything is sent again.
 *
 * @returns the key, and whether every answer on the way to it was clear.
 */
async function createExactlyOnce(
  lost: LostCreation,
  operation: Operation,
  inFlight: CreationInFlight,
): Promise<{ created: CreatedKey; clear: boolean }> {
  const { account, client, claimed, snapshot, wait } = operation;
  const { nameGenerated, settings } = lost;
  const noting: CallContext = {
    ...wait,
    onRequest: () => {
      inFlight.requested(settings, { account, nameGenerated, startedMs: wait.clock.nowMs() });
      wait.onRequest?.();
    },
  };
  for (let attempt = 0; ; attempt++) {
    try {
      const created = await client.create(settings, noting);
      snapshot.invalidate();
      claimed.add(fingerprintOf(created.key));
      return { created, clear: attempt === 0 };
    } catch (error) {
      // A clear refusal settles it, unless an earlier try may have taken effect late: even the cap may be our own key.
      if (!isApiError(error)) throw error;
      if (attempt === 0 && !error.outcomeUnknown) {
        inFlight.nothingMade();
        throw error;
      }
      snapshot.invalidate();
      const created = await findLost(error, attempt, lost, operation);
      if (created) return { created, clear: false };
      if (!error.outcomeUnknown || attempt + 1 >= DEFAULT_RETRY_POLICY.maxAttempts) throw error;
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
  const found = recognise(await listAfter(unclear, attempt, lost, operation), lost);
  switch (found.kind) {
    case "absent":
      return undefined;
    case "own":
      operation.claimed.add(fingerprintOf(found.keys[0].key));
      return found.keys[0];
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

async function listAfter(
  unclear: ApiError,
  attempt: number,
  { settings }: LostCreation,
  { snapshot, wait }: Operation,
): Promise<Listing> {
  try {
    // The server may still be at work on what it did not answer.
    await waitBeforeRetry(attempt, unclear, wait);
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

/**
 * A try that took effect late may have made a second key. Under the generated name it is ours, and nobody ever received
 * it; under a name that a person chose nobody can tell, so a person has to look.
 */
async function settleTwins(lost: LostCreation, operation: Operation): Promise<void> {
  const { client, report, snapshot, wait } = operation;
  const name = JSON.stringify(lost.settings.name);
  const { keys } = await snapshot.get(wait).catch((error: unknown) => {
    throw new UnexpectedAnswerError({
      why: `Whether a lost try made a second key named ${name} could not be found out: ${isApiError(error) ? error.why : "the list failed."}`,
      nextStep: `Look on the account whether there is a second key named ${name}, and remove the one that has not this fingerprint.`,
      cause: error,
    });
  });
  const twins = unclaimedOfTheName(keys, lost);
  if (!lost.nameGenerated && twins.length > 0) {
    report(
      `An answer to the creation of proxy key ${name} was lost, and the account has another key of that name (${twins.length}). If nobody knows it, a lost try made it: remove it there.`,
    );
  }
  if (!lost.nameGenerated) return;
  for (const { key } of twins) {
    try {
      if (key === undefined) throw new Error("the list does not show its secret");
      await client.remove(key, wait);
    } catch (error) {
      if (isApiError(error) && error.name === "NotFoundError") continue;
      const why = isApiError(error) ? error.why : String(error);
      throw new UnexpectedAnswerError({
        why: `A lost try made a second key named ${name}, which could not be removed: ${why}`,
        nextStep: `Remove the key named ${name} that is not ${key === undefined ? "this one" : "the one with this fingerprint"} on the account.`,
        cause: error,
      });
    } finally {
      snapshot.invalidate();
    }
  }
}
