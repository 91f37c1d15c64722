import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import { isSecret, secretEnvelope } from "../../provider/lifecycle/schema/secretEnvelope";

const ALGORITHM = "aes-256-gcm";
const TAG_BYTES = 16;

/** A text as Pulumi encrypts it with a stack's data key. */
export function encrypted(text: string, dataKey: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(ALGORITHM, dataKey, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

/** A part of a state with its secrets in clear, as `pulumi stack export --show-secrets` prints them. @throws for another key. */
export function shownSecrets(part: unknown, dataKey: Buffer): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map((entry) => shownSecrets(entry, dataKey));
  const { ciphertext } = part as { ciphertext?: unknown };
  if (typeof ciphertext === "string" && isSecret(part))
    return secretEnvelope(JSON.parse(decrypted(ciphertext, dataKey)));
  return Object.fromEntries(
    Object.entries(part).map(([name, entry]) => [name, shownSecrets(entry, dataKey)]),
  );
}

function decrypted(stored: string, dataKey: Buffer): string {
  const [, nonce = "", sealed = ""] = stored.split(":");
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv(ALGORITHM, dataKey, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString();
}
