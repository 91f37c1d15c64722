import { hasExpired } from "../../api/wire";
import type { ListedKey } from "../account/accounts";
import { UsageError } from "../problems";

/** Selects keys for `orphans`. An absent option selects every key. */
export interface OrphanFilter {
  namePrefix?: string;
  fingerprint?: readonly string[];
  /** A duration in milliseconds. */
  unusedFor?: number;
  /** Only keys that are known to be disabled. */
  disabled?: boolean;
  /** Only keys whose expiry is known to have passed. */
  expired?: boolean;
}

/** Parses a repeatable option. @throws UsageError, which does not repeat the text: it may be a key. */
export function fingerprints(text: string, earlier: readonly string[] = []): string[] {
  if (/^pk-[0-9a-f]{16}$/.test(text)) return [...earlier, text];
  throw new UsageError("--fingerprint takes `pk-` and 16 hexadecimal digits, as `orphans` prints them.");
}

/**
 * The option that excludes a key. Undefined: the filter selects the key.
 *
 * @param serverNowMs the server's time, on which the timestamps of keys are based. Undefined: unknown, so no key counts as
 *   unused or expired.
 */
export function excludedBy(
  { wire, fingerprint }: ListedKey,
  { namePrefix = "", fingerprint: wanted, unusedFor, disabled = false, expired = false }: OrphanFilter,
  serverNowMs: number | undefined,
): string | undefined {
  if (!wire.name.startsWith(namePrefix)) return "--name-prefix";
  if (wanted !== undefined && (fingerprint === undefined || !wanted.includes(fingerprint)))
    return "--fingerprint";
  if (disabled && wire.is_active !== false) return "--disabled";
  if (expired && (serverNowMs === undefined || hasExpired(wire, serverNowMs) !== true)) return "--expired";
  if (unusedFor === undefined) return undefined;
  // A key that was never used counts from its creation. With neither known, it may be in use.
  const sinceUnixS = Math.max(wire.last_used ?? 0, wire.created_at ?? 0);
  const isKnown = wire.last_used !== undefined && sinceUnixS > 0 && serverNowMs !== undefined;
  return isKnown && serverNowMs - sinceUnixS * 1_000 >= unusedFor ? undefined : "--unused-for";
}
