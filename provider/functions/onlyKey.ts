import type { KeyObject } from "../api/wire";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";
import { InvokeError } from "./invokeError";

/**
 * The one key of a list that has the name or the fingerprint.
 *
 * @throws InvokeError if there is none or more than one, or if the list does not show it.
 */
export function onlyKey(
  keys: readonly KeyObject[],
  args: Omit<Selection, "key">,
  { several, hidden } = {
    several: "Pass `key` or `fingerprint` instead.",
    hidden: "Pass `key` instead.",
  },
): Found {
  const fits = keys.filter(({ name, key }) =>
    args.name === undefined
      ? key !== undefined && fingerprintOf(key) === args.fingerprint
      : name === args.name,
  );
  const [wire] = fits;
  if (fits.length > 1) {
    throw new InvokeError({
      why: `The account has ${fits.length} keys of this name.`,
      nextStep: several,
    });
  }
  if (wire?.key !== undefined) return { key: wire.key, wire };
  if (wire !== undefined || keys.some(({ key }) => key === undefined)) {
    throw new InvokeError({
      why: "The account's list does not show its keys in full.",
      nextStep: hidden,
    });
  }
  throw new InvokeError({
    why: "The account has no such key.",
    nextStep: "`getProxyKeys` lists the account's keys; check that it is the account that made this one.",
  });
}

/** The arguments, also of a caller that does not use the types. */
export interface Selection {
  key?: string;
  name?: string;
  fingerprint?: string;
}

export interface Found {
  key: string;
  wire: KeyObject;
}
