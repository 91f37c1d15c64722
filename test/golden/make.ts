/**
 * Makes a golden state from today's code, by hand, once for each version of the state or set of inputs:
 *
 *   npm run build && npx tsx test/golden/make.ts v2 && npx oxfmt test/golden
 *
 * writes `test/golden/v2.json` and, for the keys of the provider plugin, `v2-plugin.json`; then add them to `STATES` in
 * test/engine/oldState.test.ts. A file that is committed never changes again: this refuses to write over one.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startSimulator } from "../../provider/testing";
import type { ExportedState } from "../support/checkpoint";
import { createEngineProject } from "../support/engine";
import {
  accountNameOf,
  escaped,
  fingerprintOf,
  GOLDEN_STACK,
  madeUpKey,
  PLACEHOLDERS,
  proxyKeysIn,
  resourceName,
  SHIM_TEXT,
} from "./golden";
import { DYNAMIC_DOOR, goldenProgram, PLUGIN_DOOR, type Door, type GoldenAccount } from "./program";

const [version = ""] = process.argv.slice(2);

async function main(): Promise<void> {
  if (!/^v\d[\w-]*$/.test(version)) throw new Error("usage: tsx test/golden/make.ts VERSION");
  await make(DYNAMIC_DOOR, `${version}.json`);
  await make(PLUGIN_DOOR, `${version}-plugin.json`);
}

async function make(door: Door, file: string): Promise<void> {
  const simulator = await startSimulator();
  const project = await createEngineProject();
  try {
    const account = simulator.account();
    const settings = { apiKey: account.apiKey, baseUrl: simulator.baseUrl };
    const { key } = account.addKey({ name: "made by hand" });
    const stack = await project.stack(
      GOLDEN_STACK,
      goldenProgram(door, { account: settings, adopted: key }),
      {
        config: {
          "electronhub:apiKey": { value: account.apiKey, secret: true },
          "electronhub:baseUrl": { value: simulator.baseUrl },
        },
      },
    );
    await stack.up();
    const state = await project.exportState(GOLDEN_STACK, { showSecrets: true });
    const used = proxyKeysIn(state).find(({ urn }) => resourceName(urn) === "used");
    account.spend(String(used?.outputs?.["name"]), 2.5);
    // Both forms: refreshed, and as `up` leaves it.
    await stack.refresh({ target: [used?.urn ?? ""] });

    const last = await project.exportState(GOLDEN_STACK, { showSecrets: true });
    await writeFile(join(__dirname, file), `${withPlaceholders(last, settings)}\n`, { flag: "wx" });
  } finally {
    await project.dispose();
    await simulator.close();
  }
}

function withPlaceholders(
  { version: format, deployment }: ExportedState,
  { apiKey, baseUrl }: GoldenAccount,
): string {
  const { manifest, resources } = deployment;
  // Without the secrets provider: a test names that of the stack which it imports the file into.
  let text = JSON.stringify({ version: format, deployment: { manifest, resources } }, withoutPlaces, 2);
  const replace = (value: string, placeholder: string) => {
    if (!text.includes(escaped(value))) throw new Error(`The state has nothing for ${placeholder}.`);
    text = text.replaceAll(escaped(value), placeholder);
  };
  replace(apiKey, PLACEHOLDERS.apiKey);
  replace(baseUrl, PLACEHOLDERS.baseUrl);
  replace(new URL(baseUrl).origin, PLACEHOLDERS.server);
  replace(accountNameOf({ apiKey, baseUrl }), PLACEHOLDERS.account);
  text = text.replaceAll(escaped(SHIM_TEXT), PLACEHOLDERS.shim);
  for (const { urn, id = "", outputs } of proxyKeysIn({ version: format, deployment })) {
    const envelope = outputs?.["key"] as { plaintext: string } | undefined;
    replace(JSON.parse(envelope?.plaintext ?? '""') as string, PLACEHOLDERS.key(resourceName(urn)));
    replace(id, fingerprintOf(madeUpKey(resourceName(urn))));
  }
  return text;
}

/** Where in the program a resource was declared is no part of what has to last. */
function withoutPlaces(property: string, value: unknown): unknown {
  return ["sourcePosition", "stackTrace"].includes(property) ? undefined : value;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
