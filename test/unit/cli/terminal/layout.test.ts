import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Block } from "../../../../provider/cli/terminal/layout";
import { recordedTerminal, type TerminalOptions } from "../../../support/recordedTerminal";

beforeEach(() => {
  for (const name of ["FORCE_COLOR", "NO_COLOR"]) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The lines of a report. */
function shown(options: TerminalOptions, ...blocks: readonly Block[]): string[] {
  const { terminal, written } = recordedTerminal(options);
  terminal.result(...blocks);
  return written.out.trimEnd().split("\n");
}

const plain = (lines: readonly string[]): string[] => lines.map(stripVTControlCharacters);

const PROSE =
  "3 keys in none of 12 stacks of the backend. To remove them, run `pulumi-electronhub orphans --remove --yes --name-prefix ci-`, which asks nothing.";
const COMMAND = `  pulumi up --refresh --stack ${"a-long-name-".repeat(10)} --cwd /home/ann/project`;
const ROWS = [
  ["key", "fingerprint", "resource", "last use", "unused credits", ""],
  ["preview-key-f4jkn4c", "pk-94c5806ca96b4915", "preview-key", "never used", "1", "would be removed"],
];

describe("prose", () => {
  it("is wrapped at words on a terminal, and its further lines are indented", () => {
    expect(shown({ columns: 80 }, PROSE)).toEqual([
      "3 keys in none of 12 stacks of the backend. To remove them, run",
      "  `pulumi-electronhub orphans --remove --yes --name-prefix ci-`, which asks",
      "  nothing.",
    ]);
  });

  it("is at most 100 wide", () => {
    const lines = shown({ columns: 160 }, PROSE.repeat(5));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines.length).toBeGreaterThan(1);
  });

  it.each([5, 20, 40, 79, 80, 100, 300])(
    "has every word and every command in one piece: %i columns",
    (columns) => {
      const lines = shown({ columns }, PROSE);
      expect(lines.join(" ").replaceAll(/ +/g, " ")).toBe(PROSE);
      expect(lines.join("\n")).toContain("`pulumi-electronhub orphans --remove --yes --name-prefix ci-`");
    },
  );

  it("is one line in a pipe, and in a terminal of unknown width", () => {
    expect(shown({}, PROSE)).toEqual([PROSE]);
    expect(shown({ columns: 0 }, PROSE)).toEqual([PROSE]);
  });

  it("stays beside its head", () => {
    const check: Block = { head: "error    Stack           ", text: `${PROSE}\nFix it.`, tone: "error" };
    const lines = plain(shown({ columns: 80 }, check));
    expect(lines[0]).toMatch(/^error {4}Stack {11}3 keys in none/);
    expect(lines.slice(1).every((line) => /^ {25}\S/.test(line))).toBe(true);
    expect(lines.at(-1)?.trim()).toBe("Fix it.");
    // A head that takes more than half of the width leaves no room beside it.
    expect(
      plain(shown({ columns: 40 }, check))
        .slice(1)
        .every((line) => /^ {4}\S/.test(line)),
    ).toBe(true);
  });
});

it("a command to copy is one line everywhere", () => {
  for (const columns of [undefined, 20, 80, 160])
    expect(shown({ columns }, { copy: COMMAND })).toEqual([COMMAND]);
});

describe("a table", () => {
  it("is in columns where it fits, whatever the width of prose", () => {
    expect(plain(shown({ columns: 160 }, { rows: ROWS, indent: 2 }))).toEqual([
      "  key                  fingerprint          resource     last use    unused credits",
      "  preview-key-f4jkn4c  pk-94c5806ca96b4915  preview-key  never used  1               would be removed",
    ]);
    expect(shown({}, { rows: ROWS })).toHaveLength(2);
  });

  it("has a paragraph for each row where it does not, with each fact in one piece", () => {
    expect(shown({ columns: 80 }, { rows: ROWS, indent: 2 })).toEqual([
      "  preview-key-f4jkn4c: fingerprint pk-94c5806ca96b4915, resource preview-key,",
      "    last use never used, unused credits 1, would be removed",
    ]);
  });
});

describe("colours", () => {
  const FLAW: Block = { head: "  ! ", text: "It failed.", tone: "error" };
  const RED = "\u001B[31m!\u001B[39m";
  const isColoured = (options: TerminalOptions) => shown(options, FLAW).join("").includes(RED);

  it("are on a terminal, and the words are the same without", () => {
    expect(isColoured({ columns: 80 })).toBe(true);
    expect(plain(shown({ columns: 80 }, FLAW, { rows: ROWS }))).toEqual(
      shown({ columns: 80, env: { NO_COLOR: "1" } }, FLAW, { rows: ROWS }),
    );
  });

  it.each<[string, TerminalOptions]>([
    ["in a pipe", {}],
    ["with NO_COLOR", { columns: 80, env: { NO_COLOR: "1" } }],
    ["with TERM=dumb", { columns: 80, env: { TERM: "dumb" } }],
  ])("are not %s, unless FORCE_COLOR is set", (_, options) => {
    expect(shown(options, FLAW, { rows: ROWS }).join("")).not.toContain("\u001B");
    vi.stubEnv("FORCE_COLOR", "1");
    expect(isColoured(options)).toBe(true);
    vi.stubEnv("FORCE_COLOR", "0");
    expect(isColoured({ columns: 80 })).toBe(false);
  });

  it("are never in JSON", () => {
    vi.stubEnv("FORCE_COLOR", "1");
    const { terminal, written } = recordedTerminal({ columns: 80 });
    terminal.json({ problems: [{ why: "It failed." }] });
    expect(written.out).not.toContain("\u001B");
  });
});

it("a terminal without control sequences gets progress as lines", () => {
  const { terminal, written } = recordedTerminal({ columns: 80, env: { TERM: "dumb" } });
  terminal.progress("reading");
  terminal.tick("1 of 2");
  terminal.note("careful");
  expect(written.err).toBe("reading\ncareful\n");
});
