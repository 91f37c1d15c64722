import { expect } from "vitest";

import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import { CREATE, LIST, REMOVE, UPDATE, type Engine } from "../engine/fixture";
import type { StackConfig } from "../support/engine";
import type { LanguageRunner } from "./languageStack";

/** Takes one stack through all the steps, in any language, with the requests of each. The account is empty afterwards. */
export async function playLifecycle(engine: Engine, run: LanguageRunner): Promise<void> {
  const account = engine.simulator.account();
  const keyNamed = (name: string) => account.keys().find((key) => key.name === name);
  const expectNoChange = async () => {
    const { changes } = await run("keys", "preview");
    expect(Object.keys(changes)).toEqual(["same"]);
    expect(engine.takeRequests()).toEqual([]);
  };

  const settings = configOf({ budget: "10", "models[0]": "gpt-4o", now: "2026-01-01T00:00:00Z" });
  const planned = await run("keys", "preview", { ...engine.config(), ...settings });
  const created = await run("keys", "up");
  expect(planned.changes).toEqual(created.changes);
  expect(engine.takeRequests()).toEqual([CREATE, CREATE]);
  const name = String(created.outputs["name"]?.value);
  expect(keyNamed(name)).toMatchObject({ allocatedAmount: 10, modelWhitelist: ["gpt-4o"] });
  expect(created.outputs["key"]).toEqual({ value: keyNamed(name)?.key, secret: true });
  expect(created.outputs["models"]?.value).toEqual(["gpt-4o"]);
  expect(created.outputs["owner"]?.value).toBe("team-a");
  expect(created.outputs["current"]?.secret).toBe(true);
  expect(created.outputs["rotatesAt"]?.value).toBe("2026-01-04T00:00:00Z");
  await expectNoChange();

  const changed = await run("keys", "up", configOf({ budget: "20", "models[1]": "gpt-4o-mini" }));
  expect(changed.changes).toMatchObject({ update: 1 });
  expect(engine.takeRequests()).toEqual([UPDATE]);
  expect(keyNamed(name)).toMatchObject({ allocatedAmount: 20, modelWhitelist: ["gpt-4o", "gpt-4o-mini"] });

  account.updateKey(name, { allocatedAmount: 15 });
  expect((await run("keys", "refresh")).changes).toMatchObject({ update: 1 });
  expect(engine.takeRequests()).toEqual([LIST]);

  // Corrects what was changed outside, and rotates.
  const rotated = await run("keys", "up", configOf({ now: "2026-01-04T00:00:00Z" }));
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, UPDATE]);
  expect(keyNamed(name)).toMatchObject({ allocatedAmount: 20 });
  const [current, previous] = [rotated.outputs["current"], rotated.outputs["previous"]];
  expect(previous).toEqual(created.outputs["current"]);
  const keys = [created.outputs["key"], previous, current].map((output) => output?.value as unknown);
  expect(new Set(account.keys().map(({ key }) => key))).toEqual(new Set(keys));
  await expectNoChange();

  await run("keys", "destroy");
  expect(engine.takeRequests()).toEqual([REMOVE, REMOVE, REMOVE]);
}

/** Calls the functions, and reads a key that another program made. @returns the outputs, and what they have to be. */
export async function askQuestions(
  engine: Engine,
  run: LanguageRunner,
): Promise<Record<"answers" | "facts", object>> {
  const account = engine.simulator.account();
  const { key, name } = account.addKey({ name: "made elsewhere" });
  const { outputs } = await run("questions", "up", {
    ...engine.config(),
    ...configOf({ fingerprint: fingerprintOf(key) }),
    "test:key": { value: key, secret: true },
  });
  const facts = {
    existing: { value: name, secret: false },
    key: { value: key, secret: true },
    found: { value: name },
    enabled: { value: name },
    valid: { value: true },
    credits: { value: account.balance },
  };
  return { answers: outputs, facts };
}

/** Runs the example's program: it exports the key as a secret, and leaves nothing behind. */
export async function runExample(engine: Engine, run: LanguageRunner): Promise<void> {
  const account = engine.simulator.account();
  const { outputs } = await run("example", "up", engine.config());
  expect(account.keys().map(({ key }) => key)).toContain(outputs["key"]?.value);
  expect(outputs["key"]?.secret).toBe(true);
  expect(Object.keys((await run("example", "preview")).changes)).toEqual(["same"]);
  await run("example", "destroy");
}

function configOf(settings: Readonly<Record<string, string>>): StackConfig {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`test:${name}`, { value }]));
}
