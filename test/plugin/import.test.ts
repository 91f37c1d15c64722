import type * as pulumi from "@pulumi/pulumi";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { OutsideKey } from "../../provider/testing";
import { fingerprintOf } from "../../provider/lifecycle/schema/fingerprint";
import {
  CREATE,
  declare,
  diagnosticsOf,
  LIST,
  program,
  REMOVE,
  times,
  UPDATE,
  useEngine,
} from "../engine/fixture";
import { secretsFoundIn } from "../engine/secretScan";
import { expectFailure } from "../support/engine";
import { installNodeHost } from "../support/nodeHost";

const engine = useEngine();

/** A key that was made by hand. */
function handMade(key: OutsideKey): { key: string; id: string } {
  const { key: whole } = engine.simulator.account().addKey({ allocatedAmount: 10, ...key });
  return { key: whole, id: fingerprintOf(whole) };
}

/** Everything that a run leaves or prints. */
async function places(stack: string) {
  return [
    { path: "(the exported state)", text: JSON.stringify(await engine.project.exportState(stack)) },
    { path: "(everything printed)", text: engine.project.transcript },
    ...(await engine.project.allFilesText()),
  ];
}

it("takes keys into a stack by fingerprint, by name and by the program, and then nothing changes", async () => {
  const { project, simulator } = engine;
  const one = handMade({ name: "one", modelWhitelist: ["o3", "gpt-4o"], expiresAtUnixS: 4_102_444_800 });
  const two = handMade({ name: "Team A (two)", isActive: false, allocatedAmount: 12.5 });
  const three = handMade({ name: "three", ipWhitelist: ["10.0.0.0/8"] });
  const keys = [one.key, two.key, three.key];
  const stack = await engine.stack("imported", program({}));
  await stack.up();
  await installNodeHost(project.folders.bin);
  const before = simulator.account().keys();

  const type = "electronhub:index:ProxyKey";
  const resources = [
    { type, name: "one", id: one.id },
    { type, name: "two", id: "Team A (two)" },
  ];
  const file = join(project.folders.temporary, "import.json");
  await writeFile(file, JSON.stringify({ resources }));
  const options = ["--stack", "imported", "--yes", "--protect=false", "--generate-code=false"];
  const imported = await project.pulumi(["import", "--file", file, ...options]);
  expect(imported, imported.output).toMatchObject({ exitCode: 0 });
  const note = /the API does not show the `budgetWindow` of a key, so "daily" is assumed/;
  expect(imported.output).toMatch(note);
  // The preview and the import itself.
  expect(engine.takeRequests()).toEqual([LIST, LIST]);

  const declared = async () => {
    declare("one", { budget: 10, models: ["gpt-4o", "o3"], expiresAt: "2100-01-01" });
    declare("two", { name: "Team A (two)", budget: 12.5, enabled: false });
    declare("three", { budget: 10, allowedIps: ["10.0.0.0/8"] }, { import: "three" });
  };
  stack.setProgram(declared);
  expect((await stack.preview()).changes).toEqual({ same: 3, import: 1 });
  expect((await stack.up()).changes).toEqual({ same: 3, import: 1 });
  expect(new Set(engine.takeRequests())).toEqual(new Set([LIST]));
  await engine.expectNoChange(stack);
  expect(await engine.secretKeys("imported")).toEqual({ one: one.key, two: two.key, three: three.key });
  expect((await engine.keysInState("imported"))["three"]).toMatchObject({ id: three.id });
  expect((await stack.refresh()).changes).toEqual({ same: 4 });
  engine.takeRequests();
  await engine.expectNoChange(stack);
  expect(simulator.account().keys()).toEqual(before);
  expect(secretsFoundIn(await places("imported"), [...keys, simulator.account().apiKey])).toEqual([]);

  // A key that was imported and is replaced is removed.
  stack.setProgram(async () => {
    declare("one", { budget: 20, models: ["gpt-4o"] }, { replaceOnChanges: ["budget"] });
    declare("two", { name: "Team A (two)", budget: 13, enabled: false });
  });
  await stack.up();
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, REMOVE, REMOVE, UPDATE].toSorted());
  expect(simulator.account().keys()).toMatchObject([{ key: two.key }, { allocatedAmount: 20 }]);
  await engine.expectNoChange(stack);
  expect(await project.destroy("imported")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual(times(2, REMOVE));
  expect(simulator.account().keys()).toEqual([]);
});

it("refuses an id that is no key, several keys, or a whole key, which it prints nowhere", async () => {
  const { simulator } = engine;
  const { key, id } = handMade({ name: "whole" });
  handMade({ name: "shared" });
  handMade({ name: "shared" });
  const ids: Record<string, string> = {
    ambiguous: "shared",
    missing: "nowhere",
    removed: "pk-0123456789abcdef",
    whole: key,
  };
  const importing = (option: "import" | "id") => async () => {
    for (const [resource, id] of Object.entries(ids)) declare(resource, { budget: 10 }, { [option]: id });
  };
  const stack = await engine.stack("refused", importing("import"));
  for (const option of ["import", "id"] as const) {
    stack.setProgram(importing(option));
    const { output } = await expectFailure(stack.up({ continueOnError: true, parallel: 8 }));
    const diagnostics = diagnosticsOf(output);
    expect(diagnostics).toMatch(
      /Cannot import proxy key "shared": The account has 2 keys .*\n.*by its fingerprint \(pk-…\)/,
    );
    expect(diagnostics).toMatch(/Cannot import proxy key "nowhere": The account has no such key\./);
    expect(diagnostics).toMatch(
      /Cannot import proxy key \(pk-0123456789abcdef\): The account has no such key\./,
    );
    expect(diagnostics).toContain(
      `The id to import is a whole key (${id}), which Pulumi stores in plain text`,
    );
    expect(diagnostics).toContain("Import the key by its fingerprint (pk-…) or its name.");
    expect(new Set(engine.takeRequests())).toEqual(new Set([LIST]));
    expect(await engine.keysInState("refused")).toEqual({});
  }
  // The engine stores the id that is asked for before it asks.
  const left = (await places("refused")).filter(({ path }) => !path.endsWith(".bak"));
  expect(secretsFoundIn(left, [key])).toEqual([]);
  expect(simulator.account().keys()).toHaveLength(3);
});

it("`get` gives a key that the stack does not manage, and never changes it", async () => {
  const { key, id } = handMade({ name: "theirs", allocatedAmount: 7 });
  const stack = await engine.stack("got", async () => {
    const byId = declare("by-id", {} as never, { id });
    const byName = declare("by-name", {} as never, { id: "theirs" });
    return { key: byId.key, fingerprint: byName.fingerprint, budget: byName.budget };
  });
  const { outputs } = await stack.up();
  expect(outputs).toEqual({
    key: { value: key, secret: true },
    fingerprint: { value: id, secret: false },
    budget: { value: 7, secret: false },
  });
  engine.takeRequests();
  const again = await stack.up();
  expect(again.outputs).toEqual(outputs);
  const asked = engine.takeRequests();
  expect(new Set(asked)).toEqual(new Set([LIST]));
  expect(asked.length).toBeLessThanOrEqual(2);
  expect(secretsFoundIn(await places("got"), [key])).toEqual([]);
  expect(await engine.project.destroy("got")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual([]);
  expect(engine.simulator.account().keys()).toMatchObject([{ name: "theirs" }]);
});

it("no secret that the server repeats to an import is printed", async () => {
  const { key } = handMade({ name: "echoed" });
  const { apiKey } = engine.simulator.account();
  const stack = await engine.stack("echoed", async () => {
    declare("echoed", { budget: 10 }, { import: "echoed" });
  });
  const forms = [apiKey, apiKey.slice(3).toUpperCase(), Buffer.from(apiKey).toString("base64")];
  engine.simulator.inject({
    on: { path: "/auth/proxy" },
    times: Infinity,
    status: 400,
    body: { error: { message: `Refused ${forms.join(" ")}` } },
  });
  const { output } = await expectFailure(stack.up());
  expect(output).toContain("Refused");
  expect(output).toContain('Cannot import proxy key "echoed": ');
  expect(secretsFoundIn(await places("echoed"), [key, apiKey])).toEqual([]);
  expect(engine.takeRequests()).toEqual(times(1, LIST));
});

it("a key stays that its resource imports or reads by another id than before", async () => {
  const { simulator } = engine;
  const { key, id } = handMade({ name: "three" });
  const made = handMade({ name: "four" });
  const declared = (three: pulumi.CustomResourceOptions, four: pulumi.CustomResourceOptions) => async () => {
    declare("three", { name: "three", budget: 10 }, three);
    declare("four", { name: "four", budget: 10 }, four);
  };
  const stack = await engine.stack("again", declared({ import: id }, { import: made.id }));
  await stack.up();
  const before = simulator.account().keys();
  stack.setProgram(declared({ import: "three" }, { id: "four" }));
  const { output } = await stack.up();
  expect(simulator.account().keys()).toEqual(before);
  expect(output).toMatch(/stays on the account/);
  expect(await engine.secretKeys("again")).toEqual({ three: key, four: made.key });
  engine.takeRequests();
  expect((await stack.up()).changes).toMatchObject({ same: 2 });
  expect(new Set(engine.takeRequests())).toEqual(new Set([LIST]));
});
