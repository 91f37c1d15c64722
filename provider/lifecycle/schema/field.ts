import type { z } from "zod";
import type { KeyFields, KeySettings } from "../../api/wire";
import type { Documentation } from "../../util/documentation";

/** A row of the table of fields: an input. */
export interface InputField<Schema extends z.ZodType = z.ZodType> {
  doc: Documentation;
  schema: Schema;
  /** What a change does: `update` replaces the settings, `toggle` flips the key, `stateOnly` sends nothing. */
  change: "update" | "toggle" | "replace" | "stateOnly";
  /** The same for the documentation, as `A change …`. Default: by `change`. */
  effect?: string;
  /** Why a NEW value is refused at this time; an unchanged value is not validated again. */
  validateNew?: (value: z.output<Schema>, nowMs: number) => string | undefined;
  /** One form for values that mean the same to the API, whether the schema accepts them or not. Default: the value. */
  canonical?: (value: unknown) => unknown;
  /** Whether a declared value leaves the state as it is, although the two differ. */
  isSatisfiedBy?: (value: unknown, stored: { key?: string }) => boolean;
  /** Encrypted in the state and masked on the screen, even if the program passes a plain value. */
  secret?: true;
}

export type Change = InputField["change"];

/** The fields of the wire that an input can set. */
export type WireName = keyof KeySettings | "is_active";

/** What the API carries of an input. */
export type WireField<Name extends WireName, Schema extends z.ZodType> = {
  wire: Name;
  change: Name extends keyof KeySettings ? "update" : "toggle";
  toWire: (value: z.output<Schema>) => Name extends keyof KeySettings ? KeySettings[Name] : boolean;
} & ShownField<Name, Schema>;

/** A response shows the key objects' fields; other settings are only ever sent. */
type ShownField<Name extends WireName, Schema extends z.ZodType> = Name extends keyof KeyFields
  ? {
      fromWire: (value: NonNullable<KeyFields[Name]>) => z.output<Schema>;
      /** Whether a response shows what was sent. Default: both have the same canonical form. */
      isShownAs?: (shown: z.output<Schema>, sent: z.output<Schema>) => boolean;
      /** Whether the API may have made the shown value of the declared one, by rounding or another spelling. */
      isRewritten?: (shown: z.output<Schema>, declared: z.output<Schema>) => boolean;
      /** Whether a key with the shown value may do more than declared. Absent: no value allows more than another. */
      isWider?: (shown: z.output<Schema>, declared: z.output<Schema>) => boolean;
    }
  : unknown;

/** An input that only this package and the engine know. */
export function ownField<Schema extends z.ZodType>(
  field: InputField<Schema> & { change: "replace" | "stateOnly" },
): InputField<Schema> {
  return field;
}

/** An input that the API carries. */
export function wireField<const Name extends WireName, Schema extends z.ZodType>(
  wire: Name,
  field: InputField<Schema> & Omit<WireField<Name, Schema>, "wire">,
): InputField<Schema> & WireField<Name, Schema> {
  return { ...field, wire } as InputField<Schema> & WireField<Name, Schema>;
}

/** A row of the table of fields: an output. */
export interface OutputField {
  doc: Documentation;
  schema: z.ZodType;
  /** The field of the key object. Absent: derived from the key itself. */
  wire?: keyof KeyFields;
  fromWire?: (value: never) => unknown;
  /** Encrypted in the state and masked on the screen. */
  secret?: true;
  /** Changes when the key is used; never a difference. */
  usage?: true;
}
