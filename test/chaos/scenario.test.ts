import { expect, it } from "vitest";
import { CRASHES, scenarioOf, VERBS } from "./scenario";
import { CHOSEN_SEEDS } from "./seeds";
import { inWords } from "./words";

const many = Array.from({ length: 720 }, (_, seed) => scenarioOf(seed));

it("a seed always gives the same scenario, and another seed another one", () => {
  expect(many.map(({ seed }) => scenarioOf(seed))).toEqual(many);
  expect(new Set(many.map((scenario) => JSON.stringify({ ...scenario, seed: 0 }))).size).toBe(many.length);
});

it("any 36 seeds in a row break every verb in every way", () => {
  const pairs = many.slice(100, 136).map(({ verb, crash }) => `${verb} ${crash}`);
  expect(new Set(pairs).size).toBe(VERBS.length * CRASHES.length);
});

it("seeds reach every kind of key, moment and trouble", () => {
  const kinds = {
    named: many.some(({ keys }) => keys.some(({ name }) => name !== undefined)),
    generated: many.some(({ keys }) => keys.some(({ name }) => name === undefined)),
    weekly: many.some(({ keys }) => keys.some(({ weekly }) => weekly)),
    onTeam: many.some(({ keys }) => keys.some(({ onTeam }) => onTeam)),
    applied: many.some(({ moment }) => moment.kind === "held" && moment.applied),
    unapplied: many.some(({ moment }) => moment.kind === "held" && !moment.applied),
    turns: many.some(({ moment }) => moment.kind === "turns"),
    late: many.some(({ late }) => late),
    slow: many.some(({ latencyMs }) => latencyMs !== undefined),
    limited: many.some(({ rateLimit }) => rateLimit !== undefined),
    cleanupKilled: many.some(({ cleanupKilledAfter }) => cleanupKilledAfter !== undefined),
  };
  expect(Object.entries(kinds).filter(([, isThere]) => !isThere)).toEqual([]);
});

it("a scenario is one line for a person", () => {
  expect(many.map(inWords).filter((line) => /undefined|\n/.test(line))).toEqual([]);
});

it("the chosen seeds cover every verb, every crash and every kind of moment", () => {
  const chosen = CHOSEN_SEEDS.map(scenarioOf);
  expect(new Set(chosen.map(({ verb }) => verb))).toEqual(new Set(VERBS));
  expect(new Set(chosen.map(({ crash }) => crash))).toEqual(new Set(CRASHES));
  expect(new Set(chosen.map(({ moment }) => moment.kind))).toEqual(new Set(["held", "turns"]));
});
