import { hasExpired, merged, type KeyObject } from "../api/wire";
import type { Operation } from "../lifecycle/accountContext";
import { hiddenInputs, outputsFromWire, plainJson, shownInputs } from "../lifecycle/schema/state";
import type { ProxyKeyInfo } from "./proxyKeyInfo";

export function infoOf(wire: KeyObject, nowMs: number): ProxyKeyInfo {
  const { key, fingerprint, ...outputs } = outputsFromWire(wire.key ?? "", wire);
  return plainJson({
    ...shownInputs(wire),
    ...outputs,
    expired: hasExpired(wire, nowMs),
    ...(key === "" ? {} : { fingerprint }),
  });
}

/** Looks up a key whose list entry leaves out some of its settings. */
export async function completed(wire: KeyObject, { client, call }: Operation): Promise<KeyObject> {
  if (wire.key === undefined || hiddenInputs(wire).length === 0) return wire;
  return merged(wire, await client.lookup(wire.key, call));
}
