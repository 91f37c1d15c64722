import { packageVersion } from "../../config";
import { Refusal } from "../problems";

/** The types of this package that this version does not know, by the stack whose state has them. */
export type UnknownTypes = ReadonlyMap<string, readonly string[]>;

/**
 * Called before a key is removed or taken over because no state has it: a later version of this package may hold keys in
 * resources of other types.
 *
 * @throws Refusal that names the stacks and the types.
 */
export function requireKnownTypes(unknown: UnknownTypes): void {
  const refusal = unknownTypesRefusal(unknown);
  if (refusal !== undefined) throw refusal;
}

/** Undefined: every type is known. */
export function unknownTypesRefusal(unknown: UnknownTypes): Refusal | undefined {
  const stacks = [...unknown].filter(([, types]) => types.length > 0);
  if (stacks.length === 0) return undefined;
  const shown = stacks.slice(0, MAX_SHOWN).map(([stack, types]) => `${stack} (${types.join(", ")})`);
  const rest = stacks.length > MAX_SHOWN ? ` and ${stacks.length - MAX_SHOWN} more` : "";
  const [what, has, it] = stacks.length === 1 ? ["Stack", "has", "it"] : ["Stacks", "have", "they"];
  return new Refusal({
    why: `${what} ${shown.join(", ")}${rest} ${has} resource types that pulumi-electronhub ${packageVersion()} does not know, so which keys ${it} ${has} is unknown.`,
    nextStep:
      "Update pulumi-electronhub, then run the command again. If the type is your own component's, move it out of the package `electronhub`, with the old type as an alias.",
  });
}

const MAX_SHOWN = 5;
