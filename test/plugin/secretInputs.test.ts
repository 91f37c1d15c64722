import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { createdFor, declare, useEngine } from "../engine/fixture";
import { expectFailure } from "../support/engine";

const engine = useEngine();

/** The engine's own envelope of a secret in the state. */
const SECRET = { ciphertext: expect.stringMatching(/^v1:/) };

it("inputs that are secrets stay secrets, in both directions and in every operation", async () => {
  const { project, simulator } = engine;
  const hidden = { trigger: "trigger-of-the-vault", model: "model-of-the-vault", budget: 4_711.25 };
  const declared = (budget: number, trigger: string) => async () => {
    const bot = declare("bot", {
      budget: pulumi.secret(budget),
      models: [pulumi.secret(hidden.model)],
      rotationTrigger: { nested: [pulumi.secret(trigger)] },
    });
    declare("half", { budget: pulumi.secret(budget), budgetWindow: "weekly" });
    return { budget: bot.budget, models: bot.models, window: bot.budgetWindow, key: bot.key };
  };
  const places = async () => [
    { path: "(the exported state)", text: JSON.stringify(await project.exportState("secret")) },
    { path: "(everything printed)", text: project.transcript },
    // The plugin's own files are for the user of this machine only, as the keys of a run are for its processes.
    ...(await project.allFilesText()).filter(({ path }) => !path.includes("/runs/")),
  ];
  const expectHidden = async (...texts: string[]) => {
    const found = (await places()).flatMap(({ path, text }) =>
      texts.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${path}`),
    );
    expect(found).toEqual([]);
    const { bot } = await engine.keysInState("secret");
    for (const properties of [bot?.inputs, bot?.outputs]) {
      expect(properties).toMatchObject({
        budget: SECRET,
        models: SECRET,
        rotationTrigger: SECRET,
        budgetWindow: "daily",
      });
    }
  };

  const stack = await engine.stack("secret", declared(hidden.budget, hidden.trigger));
  await stack.preview({ diff: true });
  // A creation that is half done.
  simulator.inject({
    on: { path: "/auth/proxy/update", keyName: createdFor("half") },
    status: 403,
    body: { error: { message: "Your plan is paused" } },
  });
  await expectFailure(stack.up({ continueOnError: true }));
  const { half } = await engine.keysInState("secret");
  expect(half?.initErrors).toHaveLength(1);
  for (const properties of [half?.inputs, half?.outputs])
    expect(properties).toMatchObject({ budget: SECRET });

  const { outputs } = await stack.up();
  expect(outputs).toMatchObject({
    budget: { value: hidden.budget, secret: true },
    models: { value: [hidden.model], secret: true },
    window: { value: "daily", secret: false },
    key: { secret: true },
  });
  await expectHidden(hidden.trigger, hidden.model, String(hidden.budget));
  await stack.refresh();
  await expectHidden(hidden.trigger, hidden.model, String(hidden.budget));
  await engine.project.refresh("secret");
  engine.takeRequests();
  await engine.expectNoChange(stack);

  stack.setProgram(declared(5_822.25, "second-trigger-of-the-vault"));
  const { output } = await stack.preview({ diff: true });
  expect(output).toContain("[secret]");
  await stack.up();
  await expectHidden(
    "second-trigger-of-the-vault",
    "5822.25",
    hidden.trigger,
    hidden.model,
    String(hidden.budget),
  );
  const { deployment } = await project.exportState("secret", { showSecrets: true });
  const bot = deployment.resources?.find(({ urn }) => urn.endsWith("::bot"));
  expect(bot?.outputs).toMatchObject({
    budget: { plaintext: "5822.25" },
    models: { plaintext: JSON.stringify([hidden.model]) },
    rotationTrigger: { plaintext: JSON.stringify({ nested: ["second-trigger-of-the-vault"] }) },
    key: { plaintext: expect.stringMatching(/^"ek-proxy-/) },
  });
  expect(await project.destroy("secret")).toMatchObject({ exitCode: 0 });
});
