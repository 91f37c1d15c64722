import { beforeAll, expect, it } from "vitest";

import { useEngine } from "../engine/fixture";
import { askQuestions, playLifecycle, runReadme } from "./languageLifecycle";
import { yamlRunner, type LanguageRunner } from "./languageStack";

const engine = useEngine();

let run: LanguageRunner;

beforeAll(async () => {
  run = await yamlRunner(engine.project);
});

it("declares, updates, refreshes, rotates and destroys keys from YAML", async () => {
  await playLifecycle(engine, run);
  expect(engine.simulator.account().keys()).toEqual([]);
});

it("calls the functions from YAML, and reads a key that another program made", async () => {
  const { answers, facts } = await askQuestions(engine, run);
  expect(answers).toMatchObject(facts);
});

it("runs the README's program in YAML", async () => {
  await runReadme(engine, run);
  expect(engine.simulator.account().keys()).toEqual([]);
});
