import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { expectFailure } from "../support/engine";
import { accountOf, declare, declareRotating, diagnosticsOf, itOnce, keysOn, useEngine } from "./fixture";

/** What the program warns about, before or while anything is sent. */
const engine = useEngine();

const program = async () => {
  declare("one", { budget: 1 });
  declare("two", { budget: 1 });
  declareRotating("three", { budget: 1, rotateEvery: "30d", overlap: "1d" });
};

function warningsIn(output: string): string[] {
  return diagnosticsOf(output)
    .split("\n")
    .flatMap((line) => line.match(/warning: .*/) ?? [])
    .filter((line) => !line.includes("from $PATH"));
}

it("an API key in plain text and a misspelled setting are warned about once per run, until they are corrected", async () => {
  const { simulator } = engine;
  const { apiKey } = simulator.account();
  const stack = await engine.stack("plain", program, {
    config: {
      ...engine.config(),
      "electronhub:apiKey": { value: apiKey },
      "electronhub:maxwait": { value: "90s" },
      "electronhub:auditlogs": { value: "log" },
    },
  });
  const { output } = await stack.up();
  expect(warningsIn(output).toSorted()).toEqual([
    expect.stringMatching(
      /electronhub:apiKey is not encrypted.*`pulumi config set electronhub:apiKey --secret`/,
    ),
    expect.stringMatching(/electronhub:auditlogs is not a setting.*Did you mean electronhub:auditLog\?/),
    expect.stringMatching(/electronhub:maxwait is not a setting.*Did you mean electronhub:maxWait\?/),
  ]);
  expect(output).not.toContain(apiKey);

  for (const name of ["maxwait", "auditlogs"]) await stack.automation.removeConfig(`electronhub:${name}`);
  await stack.setConfig(engine.config());
  expect(warningsIn((await stack.up()).output)).toEqual([]);
  // The up has encrypted what the first one left in the state.
  expect(JSON.stringify(await engine.project.exportState("plain"))).not.toContain(apiKey);
});

it("a preview without an API key passes with a warning, unless every key has an account of its own", async () => {
  const stack = await engine.stack("fork", program, { config: {} });
  expect(warningsIn((await stack.preview()).output)).toEqual([
    expect.stringMatching(
      /No Electron Hub API key is configured.*`pulumi config set electronhub:apiKey --secret`/,
    ),
  ]);
  const { apiKey } = engine.simulator.account();
  const { baseUrl } = engine.simulator;
  stack.setProgram(async () => {
    const provider = accountOf("team", { apiKey, baseUrl });
    declare("one", { budget: 1 }, { provider });
    keysOn(provider);
  });
  expect(warningsIn((await stack.preview()).output)).toEqual([]);
});

itOnce(
  "an older Node is named with the version that is needed by up, refresh and destroy, and nothing is sent",
  async () => {
    const stack = await engine.stack("old-node", async () => void declare("one", { budget: 1 }));
    await stack.up();
    const { project } = engine;
    const preload = join(project.folders.temporary, "node20.cjs");
    await writeFile(preload, 'Object.defineProperty(process.versions, "node", { value: "20.20.2" });');
    const env = { NODE_OPTIONS: `--require ${preload}` };
    const onOldNode = await project.stack("old-node", async () => void declare("one", { budget: 2 }), {
      env,
    });
    engine.takeRequests();
    const outputs = [
      (await expectFailure(onOldNode.up())).output,
      (await project.refresh("old-node", [], { env })).output,
      (await project.destroy("old-node", [], { env })).output,
    ];
    for (const output of outputs) {
      expect(diagnosticsOf(output)).toContain(
        "pulumi-electronhub needs Node 22.19 or newer, and this is 20.20.2.",
      );
      expect(output).not.toMatch(/^ +at /m);
    }
    expect(engine.takeRequests()).toEqual([]);
    expect(await project.destroy("old-node")).toMatchObject({ exitCode: 0 });
  },
);
