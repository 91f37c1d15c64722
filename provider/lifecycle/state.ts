import { createHash } from "node:crypto";
import { z } from "zod";
import { ApiError } from "../api/errors";
import { quotable } from "../api/redact";
import { isWholeKey, type KeyObject } from "../api/wire";
import type { Settings } from "../config";
import { inputFields, outputFields } from "./fields";
import { instantOf } from "./instants";
import { inputNames, type InputName, type ProxyKeyInputs } from "./inputs";
import { serverOf } from "./server";

/**
 * FROZEN CONTRACT: the version of what stands in people's states. A later version has to read every earlier one; raise
 * it only together with code that does.
 */
export const STATE_VERSION = 1;

type OutputName = keyof typeof outputFields;

const outputsSchema = z.object(
  Object.fromEntries(Object.entries(outputFields).map(([name, field]) => [name, field.schema])) as {
    [K in OutputName]: (typeof outputFields)[K]["schema"];
  },
);

/** What a resource has beside its inputs. */
export type ProxyKeyOutputs = z.output<typeof outputsSchema>;

/** The outputs that a state stores: every input resolved and every output. */
export type ProxyKeyState = ProxyKeyInputs &
  ProxyKeyOutputs &
  InternalState & { stateVersion: typeof STATE_VERSION };

/** What only this package reads of a state, and what the account does not know. */
export type InternalState = {
  /**
   * The key's settings may differ from this state: a request that changes them has failed, perhaps after it took effect.
   * The next update sends everything.
   */
  unsettled?: true;
  /** Where the API is that last had the key. Absent: an earlier version wrote the state. */
  server?: string;
};

/** The part of a state that a look at the account must not lose. */
export function internalState(properties: Record<string, unknown>): Pick<InternalState, "unsettled"> {
  const { unsettled } = properties;
  return unsettled === true ? { unsettled } : {};
}

export const secretOutputNames = (Object.keys(outputFields) as OutputName[]).filter(
  (name) => "secret" in outputFields[name],
);

/**
 * FROZEN CONTRACT: the resource's id and a key's name in messages: `pk-` and the first 16 hexadecimal digits of the
 * SHA-256 of the key. Stable, and no secret: a key is random enough that a hash does not betray it.
 */
export function fingerprintOf(key: string): string {
  return `pk-${createHash("sha256").update(key, "utf8").digest("hex").slice(0, 16)}`;
}

/** The inputs that a key on the account shows; what the API never tells stays as `known` has it. */
export function inputsFromWire(wire: KeyObject, known: Record<string, unknown>): ProxyKeyInputs {
  const inputs = inputNames.map((name): [InputName, unknown] => {
    const field = inputFields[name];
    if ("fromWire" in field && field.fromWire && field.wire) return [name, field.fromWire(wire[field.wire])];
    const kept = field.schema.safeParse(known[name]);
    return [name, kept.success ? kept.data : field.schema.parse(undefined)];
  });
  return Object.fromEntries(inputs) as unknown as ProxyKeyInputs;
}

/** The state does not say which key it is about, or contradicts itself. */
class StateError extends ApiError {
  override readonly name = "StateError";
}

/**
 * The key of a resource in the state.
 *
 * @throws StateError when the state holds none, or another than the resource's id says: a damaged state must never
 *   make us touch a key that is not the resource's.
 */
export function keyOf(id: string, properties: Record<string, unknown>): string {
  const { key } = properties;
  if (!isWholeKey(key)) {
    throw new StateError({
      why: "The state holds no proxy key for this resource.",
      nextStep:
        "Restore the state from a backup (`pulumi stack import`), or forget the resource with `pulumi state delete`.",
    });
  }
  if (fingerprintOf(key) !== id) {
    throw new StateError({
      why: `The state is damaged: the resource's id ${quotable(id)} is not the fingerprint of the key stored with it.`,
      nextStep: "Nothing was sent. Restore the state from a backup (`pulumi stack import`).",
    });
  }
  return key;
}

/** What the account says of a key beside its inputs. */
export function outputsFromWire(key: string, wire: KeyObject): ProxyKeyOutputs {
  return {
    key,
    fingerprint: fingerprintOf(key),
    createdAt: wire.created_at === undefined ? undefined : instantOf(wire.created_at),
    lastUsedAt: typeof wire.last_used === "number" ? instantOf(wire.last_used) : undefined,
    usedBudget: wire.used_ammount,
  };
}

/** The state of a key, from its inputs and what the account of these settings says of it. */
export function stateOf(
  key: string,
  inputs: ProxyKeyInputs,
  wire: KeyObject,
  settings: Pick<Settings, "baseUrl">,
): ProxyKeyState {
  return plainJson({
    ...pickInputs(inputs),
    ...outputsFromWire(key, wire),
    server: serverOf(settings),
    stateVersion: STATE_VERSION,
  }) as ProxyKeyState;
}

export function pickInputs(inputs: ProxyKeyInputs): ProxyKeyInputs {
  return Object.fromEntries(inputNames.map((name) => [name, inputs[name]])) as unknown as ProxyKeyInputs;
}

/** Drops what the host cannot carry: it fails on an undefined value AFTER the call to the API succeeded. */
export function plainJson<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
