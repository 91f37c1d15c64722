import { quotable } from "../util/redact";
import { UserError } from "../util/userError";
import type { Operation } from "./accountContext";
import type { Deviation } from "./schema/deviations";
import type { ProxyKeyState } from "./schema/state";

/**
 * Refuses a key that the account gives more than declared, and keeps it so.
 *
 * @param deviations what the account shows after an update with the declared settings.
 * @throws WiderKeyError that names each input with which the key may do more.
 */
export function refuseWider(deviations: readonly Deviation[]): void {
  const wider = deviations.filter(({ isWider }) => isWider);
  if (wider.length === 0) return;
  const inputs = wider.map(
    ({ name, shown, sent }) => `\`${name}\` is ${text(shown)} instead of ${text(sent)}`,
  );
  throw new WiderKeyError({
    why: `The API lets the key do more than declared, also after an update with the declared settings: ${inputs.join(", ")}.`,
    nextStep:
      "Disable or remove the key if that is too much. Declare a value that the API keeps, or check electronhub:baseUrl and any proxy between here and the API; then run `pulumi up` again.",
  });
}

/** Reports what the account gives a key less than declared. It then counts as declared, so no later run shows it. */
export function reportNarrower(
  deviations: readonly Deviation[],
  { name, fingerprint }: ProxyKeyState,
  { report }: Operation,
): void {
  for (const { name: input, shown, sent, isWider } of deviations) {
    if (isWider) continue;
    report(
      `Proxy key ${JSON.stringify(name)} (${fingerprint}): the API sets \`${input}\` to ${text(shown)} instead of ${text(sent)}.`,
    );
  }
}

class WiderKeyError extends UserError {
  override readonly name = "WiderKeyError";
}

/** The program may have declared a list as a secret, and Pulumi stores the message in the state, not encrypted. */
function text(value: unknown): string {
  return Array.isArray(value) ? `a list of ${value.length}` : quotable(JSON.stringify(value), [], 1_000);
}
