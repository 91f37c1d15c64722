import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Serves what Pulumi's secrets provider `hashivault://` asks of Vault: to encrypt a stack's data key, and to decrypt it. It
 * hides nothing, and spares each command the third of its CPU time in which a passphrase becomes a key.
 *
 * @returns the server's URL, for VAULT_SERVER_URL. It keeps no process alive.
 */
export async function startKeyServer(): Promise<string> {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const { plaintext, ciphertext } = JSON.parse(text) as { plaintext?: string; ciphertext?: string };
      const data =
        plaintext === undefined
          ? { plaintext: ciphertext?.slice(PREFIX.length) }
          : { ciphertext: `${PREFIX}${plaintext}` };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PREFIX = "vault:v1:";
