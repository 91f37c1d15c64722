import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ProxyKeyArgs } from "pulumi-electronhub";
import type { LimitType } from "../../provider/testing";
import {
  fingerprintOf,
  GOLDEN_STACK,
  madeUpKey,
  PROXY_KEY,
  proxyKeysIn,
  readGolden,
  resourceName,
  SHIM_TEXT,
} from "../golden/golden";
import { earliestKeys, goldenKeys, goldenProgram } from "../golden/program";
import type { ExportedState } from "../support/checkpoint";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { LIST, LOOKUP, REMOVE, requestsAbout, times, UPDATE, useEngine } from "./fixture";

const engine = useEngine();

/** Each golden state, the program that it belongs to, and the calls that destroy makes for each of its keys. */
const STATES = {
  "v1.json": {
    keys: () => goldenKeys(madeUpKey("adopted")),
    destroyed: {
      defaults: [REMOVE],
      // `refuseIfUsedWithin` asks when it was last used.
      everything: [LOOKUP, REMOVE],
      // `onDestroy: "disable"`, and it is disabled already.
      disabled: [LOOKUP],
      used: [REMOVE],
      adopted: [REMOVE],
    },
  },
  "v1-earliest.json": {
    keys: earliestKeys,
    destroyed: { defaults: [REMOVE], everything: [REMOVE], disabled: [REMOVE], used: [REMOVE] },
  },
} as const satisfies Record<
  string,
  { keys: () => Record<string, ProxyKeyArgs>; destroyed: Record<string, string[]> }
>;

const files = Object.keys(STATES) as (keyof typeof STATES)[];

/** Puts the keys of a state on the account, as they were when it was exported. */
function placeKeys(state: ExportedState): void {
  for (const { urn, outputs = {} } of proxyKeysIn(state)) {
    const list = (value: unknown) => (Array.isArray(value) ? (value as string[]) : []);
    const unixS = (instant: unknown) =>
      typeof instant === "string" ? Date.parse(instant) / 1_000 : undefined;
    engine.simulator.account().addKey({
      name: outputs["name"] as string,
      key: madeUpKey(resourceName(urn)),
      allocatedAmount: outputs["budget"] as number,
      usedAmount: outputs["usedBudget"] as number,
      limitType: outputs["budgetWindow"] as LimitType,
      expiresAtUnixS: outputs["expiresAt"] === "never" ? -1 : (unixS(outputs["expiresAt"]) ?? 0),
      modelWhitelist: list(outputs["models"]),
      ipWhitelist: list(outputs["allowedIps"]),
      isActive: outputs["enabled"] as boolean,
      createdAtUnixS: unixS(outputs["createdAt"]) ?? 0,
      lastUsedUnixS: unixS(outputs["lastUsedAt"]) ?? null,
    });
  }
}

/** A fresh stack with a golden state in it. */
async function imported(file: keyof typeof STATES) {
  const { apiKey } = engine.simulator.account();
  const state = readGolden(file, { apiKey, baseUrl: engine.simulator.baseUrl });
  placeKeys(state);
  const stack = await engine.stack(GOLDEN_STACK, goldenProgram(STATES[file].keys()));
  const { encryptionSalt } = await stack.automation.workspace.stackSettings(GOLDEN_STACK);
  state.deployment.secrets_providers = { type: "passphrase", state: { salt: encryptionSalt } };
  await engine.project.importState(GOLDEN_STACK, state);
  const names = proxyKeysIn(state).map(({ urn }) => resourceName(urn));
  expect(names.toSorted()).toEqual(Object.keys(STATES[file].destroyed).toSorted());
  return { stack, names };
}

async function expectDestroyed(file: keyof typeof STATES, names: readonly string[]): Promise<string> {
  const { exitCode, output } = await engine.project.destroy(GOLDEN_STACK);
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  const journal = engine.takeJournal();
  const calls = names.map((name) => [name, requestsAbout(journal, madeUpKey(name))]);
  expect(Object.fromEntries(calls)).toEqual(STATES[file].destroyed);
  expect(journal).toHaveLength(Object.values(STATES[file].destroyed).flat().length);
  expect(await engine.project.resources(GOLDEN_STACK)).toEqual([]);
  const removal = ["stack", "rm", "--yes", "--stack", GOLDEN_STACK];
  expect(await engine.project.pulumi(removal)).toMatchObject({ exitCode: 0 });
  return output;
}

it("every golden state is tested", async () => {
  const folder = join(__dirname, "..", "golden");
  expect((await readdir(folder)).filter((file) => file.endsWith(".json")).toSorted()).toEqual(
    files.toSorted(),
  );
});

it.each(files)("%s is read, refreshed, updated and destroyed by today's code", async (file) => {
  const { stack, names } = await imported(file);
  await engine.expectNoChange(stack);
  expect((await stack.refresh()).changes).toEqual({ same: names.length + 1 });
  expect(engine.takeRequests()).toEqual([LIST]);
  await engine.expectNoChange(stack);
  const resources = await engine.keysInState(GOLDEN_STACK);
  for (const name of names) expect(resources[name]?.id).toBe(fingerprintOf(madeUpKey(name)));

  const keys = Object.entries(STATES[file].keys());
  const larger = keys.map(([name, args]) => [name, { ...args, budget: Number(args.budget) + 1 }]);
  stack.setProgram(goldenProgram(Object.fromEntries(larger) as Record<string, ProxyKeyArgs>));
  expect((await stack.up()).changes).toEqual({ update: names.length, same: 1 });
  expect(engine.takeRequests()).toEqual(times(names.length, UPDATE));
  await engine.expectNoChange(stack);

  // What is stored today is still the frozen text.
  for (const { inputs, outputs } of await engine.project.resources(GOLDEN_STACK, PROXY_KEY)) {
    expect([inputs?.["__provider"], outputs?.["__provider"]]).toEqual([SHIM_TEXT, SHIM_TEXT]);
  }
  await expectDestroyed(file, names);
});

it.each(files)("%s is destroyed at once, by the code of the version that is installed", async (file) => {
  await installLaterVersion(engine.project.folders.work);
  const { names } = await imported(file);
  const output = await expectDestroyed(file, names);
  for (const name of names) {
    expect(output).toContain(`a later version removes ${fingerprintOf(madeUpKey(name))}`);
  }
});

/** Installs, in the program's folder, a package that stands for a later version of this one. */
async function installLaterVersion(folder: string): Promise<void> {
  const installed = join(folder, "node_modules", "pulumi-electronhub");
  await mkdir(installed, { recursive: true });
  // A package of its own, or the name would mean the repository.
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "program" }));
  const manifest = {
    name: "pulumi-electronhub",
    version: "99.0.0",
    exports: { "./handler": "./handler.js" },
  };
  await writeFile(join(installed, "package.json"), JSON.stringify(manifest));
  const today = JSON.stringify(join(REPOSITORY_ROOT, "dist", "dynamic", "handler.js"));
  await writeFile(
    join(installed, "handler.js"),
    `const today = require(${today});
    const remove = (id, properties) => {
      process.stdout.write(\`a later version removes \${id}\\n\`);
      return today.delete(id, properties);
    };
    module.exports = { ...today, delete: remove };`,
  );
}
