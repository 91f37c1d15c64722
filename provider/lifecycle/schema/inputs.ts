import { z } from "zod";
import type { KeySettings } from "../../api/wire";
import { inputFields, type Change } from "./fields";

type InputFields = typeof inputFields;

export type InputName = keyof InputFields;

export const inputNames = Object.keys(inputFields) as InputName[];

export const secretInputNames = inputNames.filter((name) => "secret" in inputFields[name]);

/** The schema of all inputs, made of the table's. */
export const inputsSchema = z.object(
  Object.fromEntries(inputNames.map((name) => [name, inputFields[name].schema])) as {
    [K in InputName]: InputFields[K]["schema"];
  },
);

type Written = z.input<typeof inputsSchema>;

/** What a user writes, before defaults; a name that is left out is generated. */
export type WrittenInputs = Omit<Written, "name"> & Partial<Pick<Written, "name">>;

/** Every input resolved: defaults filled in, one spelling for each meaning. */
export type ProxyKeyInputs = z.output<typeof inputsSchema>;

/**
 * Inputs of our own that a program never writes. The engine hides and never compares properties that start with two
 * underscores.
 */
export interface InternalInputs {
  /** The resource's name, for a generated key name; removed by check. */
  __resourceName?: string;
  /** `organization/project/stack`, for the note of a creation in flight; removed by check. */
  __stack?: string;
  /** The resource's URN, given together with `adopt`; removed by check. */
  __urn?: string;
  /** The generated name under which the key is created, unique for each attempt. */
  __createdAs?: string;
  /** The account that the creation is sent to, by its anonymous name: whoever looks for a lost key must ask that one. */
  __account?: string;
  /** The key is due to be replaced by a new one, since its expiry is near. */
  __renewal?: "rotate";
}

/** The wire's settings for resolved inputs; lists are always there, since a missing one would mean "allow all". */
export function toWireSettings(inputs: ProxyKeyInputs): KeySettings {
  const settings = inputNames.flatMap((name) => {
    const { change, wire, toWire } = inputFields[name] as WireField;
    return change === "update" && wire !== undefined ? [[wire, toWire?.(inputs[name])] as const] : [];
  });
  return Object.fromEntries(settings) as unknown as KeySettings;
}

interface WireField {
  change: Change;
  wire?: string;
  toWire?: (value: unknown) => unknown;
}

/** What stands for a value that is not known yet, at any depth; a fixed contract of the engine. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function containsUnknown(value: unknown, depth = 0): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null || depth > 32) return false;
  return Object.values(value).some((entry) => containsUnknown(entry, depth + 1));
}
