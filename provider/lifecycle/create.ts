import { isApiError, isForeign, isIncompleteList, isMaxWait, isUnclear } from "../api/errorGuards";
import { UnexpectedResponseError } from "../api/errors";
import type { CallOptions } from "../api/client";
import type { Listing } from "../api/keyListCache";
import { waitBeforeRetry, waitForLateEffect } from "../api/retry";
import { merged, type CreatedKey, type KeyObject, type KeySettings } from "../api/wire";
import { isUserError, type UserError } from "../util/userError";
import { adopt } from "./adopt";
import { applySettings } from "./applySettings";
import type { Done } from "./auditLog";
import { reportClock } from "./clockNote";
import { removeDuplicates } from "./duplicates";
import { ensureEnabled } from "./enabled";
import { PartialFailure } from "./failures";
import type { CreationInFlight } from "./creations/creationInFlight";
import { refuseWider, reportNarrower } from "./refuseWider";
import { alterationsIn, deviationsOf } from "./schema/deviations";
import { resolveInputs, toWireSettings, type Declared } from "./schema/inputs";
import { asDeclared } from "./schema/settle";
import { generateName } from "./schema/generatedName";
import { nameHashOf } from "./creations/journalReader";
import { isNoSuchKey, isSameName, matchLostKey } from "./creations/matchLostKey";
import type { Operation } from "./accountContext";
import { fingerprintOf, inputsFromWire, shownInputs, stateOf, type ProxyKeyState } from "./schema/state";

export interface CreateResult {
  id: string;
  outs: ProxyKeyState;
}

/**
 * Creates a key under a generated, unique name: one request. A second one, an update, sets a chosen name or a weekly or
 * monthly window.
 */
export async function create(
  declared: Declared,
  operation: Operation,
  inFlight: CreationInFlight,
): Promise<Done<CreateResult>> {
  if (typeof declared.adopt === "string") {
    const adopted = await adopt(declared.adopt, declared, operation);
    reportClock(adopted, operation);
    return { result: { id: adopted.fingerprint, outs: adopted }, outcome: "adopted" };
  }
  const { __createdAs: createdAs = generateName(undefined, operation.randomBytes) } = declared;
  const inputs = resolveInputs(declared, createdAs);
  const settings = toWireSettings(inputs);
  const { created, doubt, clear, isAnotherPossible } = await createExactlyOnce(
    { ...settings, name: createdAs },
    operation,
    inFlight,
  );

  // From here on the key exists, so the engine must record it even if a later step fails.
  inFlight.made(fingerprintOf(created.key));
  operation.keys.created(fingerprintOf(created.key));
  const sent = { ...inputs, name: createdAs, budgetWindow: "daily", enabled: true } as const;
  const made = asDeclared(inputsFromWire(created, sent), sent);
  let state: ProxyKeyState = {
    ...stateOf(created.key, made, created, operation.settings, { usedBudget: 0 }),
    __account: operation.account,
    __createdAs: createdAs,
  };
  let deviations = deviationsOf(created, { ...settings, name: createdAs });
  const bringToDeclared = async () => {
    // Not documented whether create honours the window. A wrong one would let a key spend many times its budget.
    if (deviations.length > 0 || settings.name !== createdAs || settings.limit_type !== "daily") {
      await applySettings(created.key, settings, operation);
      state = { ...state, name: inputs.name, budgetWindow: inputs.budgetWindow };
    }
    // The API creates keys enabled: without `is_active` in the response, only a key to be disabled is looked up.
    const isActive = created.is_active ?? (inputs.enabled || undefined);
    await ensureEnabled(created.key, inputs.enabled, isActive, operation);
    state = { ...state, enabled: inputs.enabled };
    if (deviations.length === 0) return;
    const found = merged(created, await operation.client.lookup(created.key, operation.call));
    deviations = deviationsOf(found, settings);
    // What the API keeps after two requests, and allows no more, is its form of the declared value.
    const altered = alterationsIn(deviations);
    reportNarrower(deviations, state, operation);
    state = { ...state, ...asDeclared({ ...inputs, ...shownInputs(found) }, inputs, altered) };
    if (Object.keys(altered).length > 0) state = { ...state, __altered: altered };
    refuseWider(deviations);
  };
  // Duplicates are removed last, since a lost request may take effect late; also after a failure.
  const steps = [bringToDeclared, ...(clear ? [] : [() => removeDuplicates(created, createdAs, operation)])];
  const failures: unknown[] = doubt === undefined ? [] : [doubt];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  if (isAnotherPossible) reportLateDuplicate(createdAs, state, operation);
  reportClock(state, operation);
  if (failures.length > 0) {
    const mark = deviations.some(({ isWider }) => isWider) ? { __isWider: true as const } : {};
    throw new PartialFailure(failures.at(-1), { ...state, ...mark });
  }
  return { result: { id: state.fingerprint, outs: state }, outcome: "created" };
}

/**
 * The API has no idempotency key: after an unclear response the account's list shows whether the key was created, before
 * anything is sent again.
 *
 * @returns the key, why it could not be confirmed, whether every response was clear, and whether a request without a
 *   response may still create another key.
 */
async function createExactlyOnce(
  settings: KeySettings,
  operation: Operation,
  inFlight: CreationInFlight,
): Promise<FoundKey & { clear: boolean; isAnotherPossible: boolean }> {
  const { account, client, call } = operation;
  const noting: CallOptions = {
    ...call,
    onRequest: (isMutating) => {
      inFlight.requested(settings, { account, startedMs: call.clock.nowMs() });
      call.onRequest?.(isMutating);
    },
  };
  for (let attempt = 0; ; attempt++) {
    try {
      const created = await client.create(settings, noting);
      return { created, clear: attempt === 0, isAnotherPossible: attempt > 0 };
    } catch (error) {
      if (!isUserError(error)) throw error;
      // A refusal by the API is final, unless an earlier attempt may take effect late: the cap may be due to our own key.
      // A refusal by an edge or a proxy may hide what the API did.
      const isRefusal = attempt === 0 && !isUnclear(error);
      if (isRefusal && !isForeign(error)) {
        inFlight.nothingMade();
        throw error;
      }
      const found = await findLost(error, attempt, settings.name, operation);
      if (found) return { ...found, clear: false, isAnotherPossible: attempt > 0 };
      if (isRefusal) {
        inFlight.nothingMade();
        throw error;
      }
      if (!isUnclear(error) || attempt + 1 >= MAX_CREATES) throw possiblyCreated(error, settings.name);
    }
  }
}

/** Each unclear request may still create a key. */
const MAX_CREATES = 3;

function possiblyCreated(error: UserError, createdAs: string): UserError {
  const failure = unsettled(
    error,
    `A request without a clear response may still create a key named ${JSON.stringify(createdAs)}.`,
    `${error.nextStep} \`npx pulumi-electronhub orphans --name-prefix ${createdAs}\` shows a key that was created nonetheless.`,
  );
  failure.attempts = error.attempts;
  return failure;
}

interface FoundKey {
  created: CreatedKey;
  /** Why a lookup of the key failed. The list shows the key, so it is recorded nonetheless. */
  doubt?: unknown;
}

/** After an unclear response: our key, or undefined when nothing was created and another try is safe. */
async function findLost(
  unclear: UserError,
  attempt: number,
  createdAs: string,
  operation: Operation,
): Promise<FoundKey | undefined> {
  const { client, call } = operation;
  const { keys } = await listAfter(unclear, attempt, createdAs, operation);
  const { own, secretHidden } = matchLostKey(keys, { nameHash: nameHashOf(createdAs) });
  const [listed] = own;
  if (secretHidden.length === 0) {
    if (listed === undefined) return undefined;
    try {
      return { created: merged(listed, await client.lookup(listed.key, call)) };
    } catch (doubt) {
      if (!isNoSuchKey(doubt)) return { created: listed, doubt };
    }
  }
  throw unsettled(
    unclear,
    `The key was created under the name ${JSON.stringify(createdAs)}, but the account's list does not show its secret.`,
    `Remove the key named ${JSON.stringify(createdAs)} on the account, then run \`pulumi up\` again.`,
  );
}

async function listAfter(
  unclear: UserError,
  attempt: number,
  createdAs: string,
  { client, call }: Operation,
): Promise<Pick<Listing, "keys">> {
  try {
    // The server may still work on the request. A wait beyond maxWait is skipped: without the list the key may be lost.
    const wait = isUnclear(unclear) ? waitForLateEffect : waitBeforeRetry;
    await wait(attempt, unclear, call).catch((error: unknown) => {
      if (!isMaxWait(error)) throw error;
    });
    return await client.keyList.get(call);
  } catch (error) {
    if (isIncompleteList(error) && isShown(error.shown, createdAs)) return { keys: error.shown };
    // The same edge or proxy refuses the list, so it probably refused the create too.
    if (attempt === 0 && !isUnclear(unclear)) throw unclear;
    throw unsettled(
      unclear,
      `Whether the key was created is unknown: ${isUserError(error) ? error.why : "the list failed."}`,
      `Look for a key named ${JSON.stringify(createdAs)} on the account and remove it if it is there; then run \`pulumi up\` again.`,
    );
  }
}

/** An incomplete list proves that a key exists, never that it does not. */
function isShown(keys: readonly KeyObject[], createdAs: string): boolean {
  return keys.some(({ name }) => isSameName(name, createdAs));
}

function unsettled(unclear: UserError, why: string, nextStep: string): UserError {
  return new UnexpectedResponseError({
    status: isApiError(unclear) ? unclear.status : undefined,
    why: `${unclear.why} ${why}`,
    nextStep,
    cause: unclear,
  });
}

function reportLateDuplicate(
  createdAs: string,
  { name, fingerprint }: ProxyKeyState,
  operation: Operation,
): void {
  operation.report(
    `Proxy key ${JSON.stringify(name)} (${fingerprint}): a response to its creation was lost. If that request still takes effect, it makes a second key: see \`npx pulumi-electronhub orphans --name-prefix ${createdAs}\`.`,
  );
}
