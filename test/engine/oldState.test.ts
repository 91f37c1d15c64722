import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { LimitType } from "../../provider/testing";
import {
  fingerprintOf,
  GOLDEN_STACK,
  goldenText,
  madeUpKey,
  proxyKeysIn,
  readGolden,
  resourceName,
} from "../golden/golden";
import { DYNAMIC_DOOR, goldenProgram, PLUGIN_DOOR, type Door } from "../golden/program";
import type { ExportedState } from "../support/checkpoint";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { LIST, LOOKUP, REMOVE, requestsAbout, times, UPDATE, useEngine } from "./fixture";

const engine = useEngine();

/** The calls that destroy makes for each key of a golden state of version 1. */
const V1_DESTROYED = {
  defaults: [REMOVE],
  // `refuseIfUsedWithin` asks when it was last used.
  everything: [LOOKUP, REMOVE],
  expiring: [REMOVE],
  // `onDestroy: "disable"`, and it is disabled already.
  disabled: [LOOKUP],
  used: [REMOVE],
  adopted: [REMOVE],
  elsewhere: [REMOVE],
  "bot-0": [REMOVE],
};

/** Each golden state. Frozen: stacks of users look like this, so neither a file nor its hash changes again. */
const STATES = {
  "v1.json": {
    sha256: "2c35751dc5ba7c598afe752acdd30ddc49b276f0d8d30216c388558bad5a3e72",
    door: DYNAMIC_DOOR,
    destroyed: V1_DESTROYED,
  },
  "v1-plugin.json": {
    sha256: "17850d352dbdf02bdce7814d1718b7373f9c7acf8d2daf31a174ef9446ac10ec",
    door: PLUGIN_DOOR,
    destroyed: V1_DESTROYED,
  },
} as const satisfies Record<string, { sha256: string; door: Door; destroyed: Record<string, string[]> }>;

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

/** The program that a golden state belongs to. */
function programOf(file: keyof typeof STATES, more = 0) {
  const account = { apiKey: engine.simulator.account().apiKey, baseUrl: engine.simulator.baseUrl };
  return goldenProgram(STATES[file].door, { account, adopted: madeUpKey("adopted"), more });
}

/** A fresh stack with a golden state in it. */
async function imported(file: keyof typeof STATES) {
  const { apiKey } = engine.simulator.account();
  const state = readGolden(file, { apiKey, baseUrl: engine.simulator.baseUrl });
  placeKeys(state);
  const stack = await engine.stack(GOLDEN_STACK, programOf(file), {
    config: engine.config(),
    hasPassphrase: true,
  });
  const { encryptionSalt } = await stack.automation.workspace.stackSettings(GOLDEN_STACK);
  state.deployment.secrets_providers = { type: "passphrase", state: { salt: encryptionSalt } };
  await engine.project.importState(GOLDEN_STACK, state);
  const names = proxyKeysIn(state).map(({ urn }) => resourceName(urn));
  expect(names.toSorted()).toEqual(Object.keys(STATES[file].destroyed).toSorted());
  // The engine counts all resources but the default provider.
  const counted = (state.deployment.resources ?? []).filter(
    ({ urn }) => !/::pulumi:providers:[^:]+::default/.test(urn),
  );
  return { stack, names, count: counted.length, code: codeIn(state) };
}

/** The provider code of the dynamic resources, by URN. */
function codeIn(state: ExportedState): Record<string, unknown> {
  const dynamic = (state.deployment.resources ?? []).filter(({ type }) => type.startsWith("pulumi-nodejs:"));
  return Object.fromEntries(
    dynamic.map(({ urn, inputs, outputs }) => [urn, [inputs?.["__provider"], outputs?.["__provider"]]]),
  );
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

it.each(files)("%s is as it was committed", (file) => {
  expect(createHash("sha256").update(goldenText(file)).digest("hex")).toBe(STATES[file].sha256);
});

it.each(files)("%s is read, refreshed, updated and destroyed by today's code", async (file) => {
  const { stack, names, count, code } = await imported(file);
  await engine.expectNoChange(stack);
  expect((await stack.refresh()).changes).toEqual({ same: count });
  // One for the stack's account, and one for the explicit one, which has a process of its own.
  expect(engine.takeRequests()).toEqual([LIST, LIST]);
  await engine.expectNoChange(stack);
  for (const key of proxyKeysIn(await engine.project.exportState(GOLDEN_STACK))) {
    expect(key.id).toBe(fingerprintOf(madeUpKey(resourceName(key.urn))));
  }

  stack.setProgram(programOf(file, 1));
  // The keys and the rotating key, a component, which has a budget too.
  const updated = names.length + 1;
  expect((await stack.up()).changes).toEqual({ update: updated, same: count - updated });
  expect(engine.takeRequests()).toEqual(times(names.length, UPDATE));
  await engine.expectNoChange(stack);

  // What is stored today is still the frozen text.
  expect(codeIn(await engine.project.exportState(GOLDEN_STACK))).toEqual(code);
  await expectDestroyed(file, names);
});

it("v1.json is destroyed at once, by the code of the version that is installed", async () => {
  await installLaterVersion(engine.project.folders.work);
  const { names } = await imported("v1.json");
  const output = await expectDestroyed("v1.json", names);
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
