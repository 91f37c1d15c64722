import { createHash } from "node:crypto";

/**
 * FROZEN CONTRACT: the resource's id and a key's name in messages: `pk-` and the first 16 hexadecimal digits of the
 * SHA-256 of the key. Stable and not secret: a key is random enough that its hash does not reveal it.
 */
export function fingerprintOf(key: string): string {
  return `pk-${createHash("sha256").update(key, "utf8").digest("hex").slice(0, 16)}`;
}
