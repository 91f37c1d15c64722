import { isWholeKey } from "../util/keyText";
import { UserError } from "../util/userError";
import type { Operation } from "../lifecycle/accountContext";
import { failureOf } from "../lifecycle/failures";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";
import { onlyKey } from "../functions/onlyKey";
import { secretsOf } from "../config";

interface LocatedKey {
  key: string;
  name: string;
  fingerprint: string;
  /** The account whose list shows the key. */
  __account: string;
}

class ImportError extends UserError {
  override readonly name = "ImportError";
}

/** A whole key as an id would be stored in plain text, so these differ from those of a query. */
const NEXT_STEPS = {
  several: "Import the key by its fingerprint (pk-…), which `getProxyKeys` lists.",
  hidden: "Declare the key with the input `adopt` instead.",
};

/**
 * The key that the user means by an id: its fingerprint, or its name.
 *
 * @throws ImportError for a whole key: the engine stores ids in plain text, and prints them.
 */
export async function locate(id: string, operation: Operation): Promise<LocatedKey> {
  if (isWholeKey(id)) {
    throw new ImportError({
      why: `The id to import is a whole key (${fingerprintOf(id)}), which Pulumi stores in plain text.`,
      nextStep:
        "Import the key by its fingerprint (pk-…) or its name. The state's backup may contain the key now: create a new one if others can read it.",
    });
  }
  const { account, client, call, settings } = operation;
  const label = /^pk-[0-9a-f]{16}$/.test(id) ? { fingerprint: id } : { name: id };
  try {
    const { keys } = await client.keyList.get(call);
    const { key, wire } = onlyKey(keys, label, NEXT_STEPS);
    return { key, name: wire.name, fingerprint: fingerprintOf(key), __account: account };
  } catch (error) {
    throw failureOf("import", label, error, secretsOf(settings));
  }
}
