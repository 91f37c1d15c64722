import { expect, it } from "vitest";
import {
  creditsReturned,
  keyFacts,
  keyTable,
  problemLines,
  problemsOf,
  sumOfCredits,
  type KeyOutcome,
  type KeyReport,
} from "../../../../provider/cli/terminal/report";
import type { Block } from "../../../../provider/cli/terminal/layout";
import { recordedTerminal } from "../../../support/recordedTerminal";
import { wireKey } from "../../fixture";

function reported(changes: Partial<KeyReport> = {}): KeyReport {
  return {
    name: "bot",
    fingerprint: "pk-0123456789abcdef",
    resource: "bot",
    lastUsedAt: null,
    unusedCredits: 10,
    outcome: "removed",
    ...changes,
  };
}

function printed(...blocks: readonly Block[]): string[] {
  const { terminal, written } = recordedTerminal();
  terminal.result(...blocks);
  return written.out.trimEnd().split("\n");
}

it("facts are what the account says: null is never, and absent not known", () => {
  expect(keyFacts(undefined)).toEqual({ unusedCredits: null });
  expect(keyFacts(wireKey({ last_used: undefined }))).toEqual({ lastUsedAt: undefined, unusedCredits: 10 });
  expect(keyFacts(wireKey({ used_ammount: undefined }))).toEqual({ lastUsedAt: null, unusedCredits: null });
  expect(keyFacts(wireKey({ last_used: null, used_ammount: 4 }))).toEqual({
    lastUsedAt: null,
    unusedCredits: 6,
  });
  expect(keyFacts(wireKey({ last_used: 1_767_225_600, used_ammount: 12 }))).toEqual({
    lastUsedAt: "2026-01-01T00:00:00Z",
    unusedCredits: 0,
  });
});

it("credits come back from what was removed, and from nothing else", () => {
  const outcomes: KeyOutcome[] = ["would-remove", "already-gone", "kept", "failed", "unknown"];
  expect(creditsReturned(outcomes.map((outcome) => reported({ outcome })))).toBe(0);
  expect(
    creditsReturned([reported(), reported({ unusedCredits: 2.5 }), reported({ unusedCredits: null })]),
  ).toBe(12.5);
  expect(creditsReturned([])).toBe(0);
});

it("credits add up exactly", () => {
  expect(sumOfCredits([0.1, 0.2])).toBe(0.3);
  expect(sumOfCredits([0.1, 0.7, 0.2, 1e-6])).toBe(1.000001);
  expect(sumOfCredits([])).toBe(0);
  expect(creditsReturned([0.1, 0.2].map((unusedCredits) => reported({ unusedCredits })))).toBe(0.3);
  expect(keyFacts(wireKey({ allocated_ammount: 0.3, used_ammount: 0.1 })).unusedCredits).toBe(0.2);
});

it("a table has a line for each key, in columns", () => {
  const table = keyTable([
    reported({ unusedCredits: 0.1 + 0.2 }),
    reported({
      name: null,
      resource: null,
      lastUsedAt: "2026-01-01T00:00:00Z",
      unusedCredits: null,
      outcome: "already-gone",
    }),
    reported({ lastUsedAt: undefined }),
  ]);
  expect(printed(table)).toEqual([
    "key  fingerprint          resource          last use              unused credits",
    "bot  pk-0123456789abcdef  bot               never                 0.3             removed",
    "?    pk-0123456789abcdef  (never recorded)  2026-01-01T00:00:00Z  -               already gone",
    "bot  pk-0123456789abcdef  bot               ?                     10              removed",
  ]);
});

it("problems are indented, each with what to do next", () => {
  const keys = [
    reported(),
    reported({ why: "It is\nrefused." }),
    reported({ why: "Gone.", nextStep: "Look." }),
  ];
  expect(printed(...problemLines(problemsOf(keys)))).toEqual([
    "  ! It is",
    "    refused.",
    "    Run the command again.",
    "  ! Gone.",
    "    Look.",
  ]);
});
