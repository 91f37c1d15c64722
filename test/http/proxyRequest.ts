import { createTransport } from "../../provider/api/transport";
import { isUserError } from "../../provider/util/userError";

/**
 * A process of its own that sends requests with the proxies and certificates that its environment names:
 * `proxyRequest.ts URL...`. Prints one line of JSON for each: the status and body, or why there is no answer.
 */
async function main(): Promise<void> {
  const transport = createTransport({ connectTimeoutMs: 5_000 });
  for (const url of process.argv.slice(2)) {
    const line = await transport
      .send({
        method: "POST",
        url: new URL(url),
        headers: { authorization: "Bearer ek-only-for-the-api", "user-agent": "tests/1" },
        body: "only for the api",
      })
      .catch((error: unknown) => {
        if (!isUserError(error)) throw error;
        return { why: error.why, nextStep: error.nextStep };
      });
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
  await transport.close();
}

void main();
