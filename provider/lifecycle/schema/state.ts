import { z } from "zod";
import { UserError } from "../../util/userError";
import { quotable } from "../../util/redact";
import { isWholeKey, type KeyFields, type KeyObject } from "../../api/wire";
import type { Settings } from "../../config";
import { inputFields, outputFields } from "./fields";
import type { OutputField } from "./field";
import { fingerprintOf } from "./fingerprint";
import {
  fieldOf,
  inputNames,
  parseFields,
  parseInputs,
  type InputName,
  type Properties,
  type ProxyKeyInputs,
  type ShownInput,
} from "./inputs";
import { serverOf } from "../server";

export { fingerprintOf } from "./fingerprint";

/**
 * FROZEN CONTRACT: the version of states. A later version must read every earlier one, so raise it only together with code
 * that does.
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
const internalState = {
  /**
   * The key's settings may differ from this state: a request that changes them has failed, perhaps after it took effect.
   * The next update sends everything.
   */
  unsettled: z.literal(true),
  /** The account let the key do more than declared, so the next update is verified. */
  __isWider: z.literal(true),
  /** The anonymous name of the account that has created or adopted the key. Absent: an earlier version adopted it. */
  __account: z.string(),
  /**
   * The generated name under which the key was created, which distinguishes resources. A key that was adopted or imported has
   * a name of this form for the same purpose. Absent: an import file or an earlier version made the state.
   */
  __createdAs: z.string(),
  /** The server that last had the key. Absent: an earlier version wrote the state. */
  server: z.string(),
  /** By input: what the API makes of the declared value (`alteration`), seen when the key was created. */
  __altered: z.record(z.string(), z.string()),
  /** With `expiresIn`: an expiry that was changed outside Pulumi. */
  __movedExpiry: z.object({ from: z.string(), to: z.string() }),
};

type InternalState = { [K in keyof typeof internalState]?: z.output<(typeof internalState)[K]> };

/** A state as it was read. Any version may have written it: a missing field is unknown. */
export type Stored = Partial<ProxyKeyInputs> & Partial<ProxyKeyOutputs> & InternalState;

export function parseStored(properties: Properties): Stored {
  return {
    ...parseInputs(properties),
    ...parseFields(outputsSchema.shape, properties),
    ...parseFields(internalState, properties),
  };
}

export const secretOutputNames = (Object.keys(outputFields) as OutputName[]).filter(
  (name) => "secret" in outputFields[name],
);

/** The inputs that the API shows, as far as a response has the fields. */
export type ShownInputs = {
  [K in ShownInput as undefined extends ShownValue<K> ? never : K]: ProxyKeyInputs[K];
} & { [K in ShownInput as undefined extends ShownValue<K> ? K : never]?: ProxyKeyInputs[K] };

type ShownValue<K extends ShownInput> = KeyFields[(typeof inputFields)[K]["wire"]];

/** The inputs that a key on the account shows. One whose field is left out is unknown, and left out as well. */
export function shownInputs(wire: KeyObject): ShownInputs {
  const shown = inputNames.flatMap((name): [InputName, unknown][] => {
    const { wire: field, fromWire } = fieldOf(name);
    const value = field && wire[field];
    return fromWire === undefined || value === undefined ? [] : [[name, fromWire(value)]];
  });
  return Object.fromEntries(shown) as unknown as ShownInputs;
}

/** The inputs that the API shows in general, but not in this response. */
export function hiddenInputs(wire: KeyObject): InputName[] {
  const shown = shownInputs(wire);
  return inputNames.filter((name) => "fromWire" in inputFields[name] && !Object.hasOwn(shown, name));
}

/**
 * The inputs of a key: those that the account shows, and the others from `known`.
 *
 * @throws StateError when the API should show an input, and neither has it: the default may be wider than the key's value.
 */
export function inputsFromWire(wire: KeyObject, known: Partial<ProxyKeyInputs>): ProxyKeyInputs {
  const shown: Record<string, unknown> = shownInputs(wire);
  const hidden = new Set(hiddenInputs(wire));
  const inputs = inputNames.map((name): [InputName, unknown] => {
    if (Object.hasOwn(shown, name)) return [name, shown[name]];
    const kept = inputFields[name].schema.safeParse(known[name]);
    if (!hidden.has(name))
      return [name, kept.success ? kept.data : inputFields[name].schema.parse(undefined)];
    // The state may hold a value that the API once sent and that the schema refuses.
    if (known[name] !== undefined) return [name, kept.success ? kept.data : known[name]];
    throw new StateError({
      why: `The API does not show \`${name}\` of the key, and it is not known otherwise.`,
      nextStep:
        "Check electronhub:baseUrl and any proxy between here and the API, then run the command again.",
    });
  });
  return Object.fromEntries(inputs) as unknown as ProxyKeyInputs;
}

/** The state lacks the key or one of its settings, or contradicts itself. */
class StateError extends UserError {
  override readonly name = "StateError";
}

/**
 * The key of a resource in the state.
 *
 * @throws StateError when the state has no key, or a key that does not match the resource's id: a damaged state must never
 *   change a key that is not the resource's.
 */
export function keyOf(id: string, { key }: Stored): string {
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

/** The outputs of a key: those that the account shows, and the others from `known`. */
export function outputsFromWire(
  key: string,
  wire: KeyObject,
  known: Partial<ProxyKeyOutputs> = {},
): ProxyKeyOutputs {
  const shown = (Object.keys(outputFields) as OutputName[]).flatMap((name): [OutputName, unknown][] => {
    const { wire: field, fromWire }: OutputField = outputFields[name];
    if (field === undefined) return [];
    const value = wire[field];
    // null: the API shows that there is none.
    return [
      [name, value === undefined ? known[name] : value === null ? undefined : fromWire?.(value as never)],
    ];
  });
  return { key, fingerprint: fingerprintOf(key), ...Object.fromEntries(shown) };
}

/** The state of a key, from its inputs and its outputs. */
export function stateOf(
  key: string,
  inputs: ProxyKeyInputs,
  wire: KeyObject,
  settings: Pick<Settings, "baseUrl">,
  known?: Partial<ProxyKeyOutputs>,
): ProxyKeyState {
  return plainJson({
    ...pickInputs(inputs),
    ...outputsFromWire(key, wire, known),
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
