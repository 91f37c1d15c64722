import { beforeAll, expect, it } from "vitest";

import { useEngine } from "../engine/fixture";
import type { EngineProject } from "../support/engine";
import { askQuestions, playLifecycle, runExample } from "./languageLifecycle";
import type { LanguageRunner } from "./languageStack";

/** Tests the plugin from programs in one language. */
export function testLanguage(
  language: string,
  runnerFor: (project: EngineProject) => Promise<LanguageRunner>,
): void {
  const engine = useEngine();
  let run: LanguageRunner;
  beforeAll(async () => {
    run = await runnerFor(engine.project);
  });

  it(`declares, updates, refreshes, rotates and destroys keys from ${language}`, async () => {
    await playLifecycle(engine, run);
    expect(engine.simulator.account().keys()).toEqual([]);
  });

  it(`calls the functions from ${language}, and reads a key that another program made`, async () => {
    const { answers, facts } = await askQuestions(engine, run);
    expect(answers).toMatchObject(facts);
  });

  it(`runs the example in ${language}`, async () => {
    await runExample(engine, run);
    expect(engine.simulator.account().keys()).toEqual([]);
  });
}
