import { isWholeKey } from "../util/keyText";
import { UserError } from "../util/userError";
import type { Operation } from "../lifecycle/accountContext";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";

interface LocatedKey {
  key: string;
  name: string;
  fingerprint: string;
}

class ImportError extends UserError {
  override readonly name = "ImportError";
}

/**
 * The key that the user means by an id: its fingerprint, or its name.
 *
 * @throws ImportError for a whole key: the engine stores ids in plain text, and prints them.
 */
export async function locate(id: string, { client, call }: Operation): Promise<LocatedKey> {
  if (isWholeKey(id)) {
    throw new ImportError({
      why: `The id to import is a whole key (${fingerprintOf(id)}), which Pulumi stores in plain text.`,
      nextStep:
        "Import the key by its fingerprint (pk-…) or its name. The state's backup may contain the key now: create a new one if others can read it.",
    });
  }
  const { keys } = await client.keyList.get(call);
  // It loads the SDK, which the keys' other verbs do not need.
  const { onlyKey } = await import("../functions/getProxyKey.js");
  const { key, wire } = onlyKey(keys, /^pk-[0-9a-f]{16}$/.test(id) ? { fingerprint: id } : { name: id });
  return { key, name: wire.name, fingerprint: fingerprintOf(key) };
}
