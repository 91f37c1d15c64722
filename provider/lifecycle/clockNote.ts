import { formatDuration } from "../util/duration";
import type { Operation } from "./accountContext";
import type { Stored } from "./schema/state";

/** A response takes less time than this. */
const TOLERATED_MS = 60_000;

/** Reports that this machine's clock, from which `expiresIn` counts, is not the server's, which ends the key. */
export function reportClock(
  { name, fingerprint, expiresIn }: Stored,
  { client: { serverAheadMs = 0 }, report }: Operation,
): void {
  if (expiresIn === undefined || Math.abs(serverAheadMs) <= TOLERATED_MS) return;
  const [where, effect] = serverAheadMs < 0 ? ["ahead of", "longer"] : ["behind", "shorter"];
  const difference = formatDuration(Math.abs(serverAheadMs));
  report(
    `Proxy key ${JSON.stringify(name)} (${fingerprint}): this machine's clock is ${difference} ${where} the server's, so the key works that much ${effect} than \`expiresIn\` (${expiresIn}). Set the clock, then give the key its expiry with \`expiresAt\`, or replace it (\`rotationTrigger\`).`,
  );
}
