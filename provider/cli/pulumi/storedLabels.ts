import type { Labels } from "../../lifecycle/labels";
import { inputFields } from "../../lifecycle/schema/fields";
import { isSecret } from "../../lifecycle/schema/secretEnvelope";

/**
 * The labels among properties of a state. Undefined: none, secret or malformed. A state that was edited may have anything
 * there, even a key.
 */
export function storedLabels({ labels }: Readonly<Record<string, unknown>> = {}): Labels | undefined {
  return isSecret(labels) ? undefined : inputFields.labels.schema.safeParse(labels).data;
}
