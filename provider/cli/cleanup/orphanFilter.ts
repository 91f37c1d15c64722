import type { ListedKey } from "../account/accounts";
import { UsageError } from "../problems";

/** Which keys `orphans` is about; what is left out lets every key pass. */
export interface OrphanFilter {
  namePrefix?: string;
  fingerprint?: readonly string[];
  /** Milliseconds. */
  unusedFor?: number;
}

/** For an option that may be given several times. @throws UsageError, which does not repeat the text: it may be a key. */
export function fingerprints(text: string, earlier: readonly string[] = []): string[] {
  if (/^pk-[0-9a-f]{16}$/.test(text)) return [...earlier, text];
  throw new UsageError("--fingerprint takes `pk-` and 16 hexadecimal digits, as `orphans` prints them.");
}

/**
 * The option that leaves a key out. Undefined: the key fits.
 *
 * @param serverNowMs the server's time, since the instants of keys are its own. Undefined: no response has a date, so no
 *   key counts as unused.
 */
export function excludedBy(
  { wire, fingerprint }: ListedKey,
  { namePrefix = "", fingerprint: wanted, unusedFor }: OrphanFilter,
  serverNowMs: number | undefined,
): string | undefined {
  if (!wire.name.startsWith(namePrefix)) return "--name-prefix";
  if (wanted !== undefined && (fingerprint === undefined || !wanted.includes(fingerprint)))
    return "--fingerprint";
  if (unusedFor === undefined) return undefined;
  // A key that was never used counts from its creation; one of which neither is known may be in use.
  const sinceUnixS = Math.max(wire.last_used ?? 0, wire.created_at ?? 0);
  const isKnown = wire.last_used !== undefined && sinceUnixS > 0 && serverNowMs !== undefined;
  return isKnown && serverNowMs - sinceUnixS * 1_000 >= unusedFor ? undefined : "--unused-for";
}
