import { expect, it } from "vitest";
import { declare, diagnosticsOf, PROVIDER, UPDATE, useEngine } from "../engine/fixture";
import { expectFailure } from "../support/engine";
import { PluginAccount } from "../support/pluginResources";

const engine = useEngine([{ name: "main" }, { name: "team" }]);

it("an explicit provider is refused for a misspelled setting, without showing its value", async () => {
  const { apiKey } = engine.simulator.account("team");
  const { baseUrl } = engine.simulator;
  const stack = await engine.stack("explicit", async () => {
    const provider = new PluginAccount("team", { apikey: apiKey, baseUrl });
    declare("one", { budget: 1 }, { provider });
  });
  for (const operation of ["preview", "up"] as const) {
    const { output } = await expectFailure(stack[operation]());
    expect(diagnosticsOf(output)).toMatch(/apikey is not a setting.*Did you mean .*apiKey\?/);
    expect(output).not.toContain(apiKey);
  }
  expect(engine.takeRequests()).toEqual([]);
  expect(await engine.keysInState("explicit")).toEqual({});
  for (const { text } of await engine.project.allFilesText()) expect(text).not.toContain(apiKey.slice(3));
});

it("a change of an account's settings changes its provider alone", async () => {
  const { simulator } = engine;
  const { apiKey } = simulator.account("team");
  const declared =
    (settings: object, budget = 1) =>
    async () => {
      declare(
        "one",
        { name: "one", budget },
        { provider: new PluginAccount("team", { apiKey, ...settings }) },
      );
    };
  const { baseUrl } = simulator;
  const other = baseUrl.replace("127.0.0.1", "localhost");
  const stack = await engine.stack("changed", declared({ baseUrl }));
  await stack.up();
  engine.takeRequests();
  const next = simulator.account("team").regenerateApiKey();
  const settings = { apiKey: next, baseUrl: other, maxWait: "90s" };
  stack.setProgram(declared(settings));
  const preview = await stack.preview({ diff: true });
  expect(preview.changes).toEqual({ same: 2, update: 1 });
  expect(preview.output).not.toContain(apiKey.slice(3));
  expect(preview.output).not.toContain(next.slice(3));
  expect((await stack.up()).changes).toEqual({ same: 2, update: 1 });
  expect(engine.takeRequests()).toEqual([]);
  const provider = (await engine.project.resources("changed", PROVIDER)).find(({ urn }) =>
    urn.endsWith("::team"),
  );
  expect(provider?.inputs).toMatchObject({ baseUrl: other, maxWait: "90s" });

  stack.setProgram(declared(settings, 2));
  await stack.up();
  expect(engine.takeRequests()).toEqual([UPDATE]);
  // A setting that is left out comes from the environment again.
  stack.setProgram(declared({ apiKey: next, baseUrl: other }, 2));
  expect((await stack.up()).changes).toEqual({ same: 2, update: 1 });
  expect(engine.takeRequests()).toEqual([]);
  expect(await engine.project.destroy("changed")).toMatchObject({ exitCode: 0 });
});
