import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLog } from "../../../../provider/cli/audit/logLines";
import { verifyLog } from "../../../../provider/cli/audit/verifyLog";
import { continuation, hashOf } from "../../../../provider/lifecycle/audit/chain";
import { lineAbout } from "../../lifecycle/audit/lineAbout";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verify-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The lines that the writer writes for keys of these names. */
function linesFor(names: readonly string[]): string[] {
  const entries = names.map((name) => JSON.stringify(lineAbout(name)));
  return continuation({ hash: null, isOpen: false }, entries).toString("utf8").split("\n").slice(0, -1);
}

async function verified(text: string | Uint8Array) {
  const file = join(folder, "audit.jsonl");
  await writeFile(file, text);
  const log = await openLog(file);
  try {
    return await verifyLog(log);
  } finally {
    await log.close();
  }
}

const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const whysOf = async (lines: readonly string[]) =>
  (await verified(textOf(lines))).findings.map(({ why }) => why);

const names = (minLength: number) => fc.array(fc.string({ unit: "grapheme" }), { minLength, maxLength: 8 });

describe("a log", () => {
  it("that was not changed is intact", async () => {
    await fc.assert(
      fc.asyncProperty(names(0), async (all) => {
        const lines = linesFor(all);
        const last = lines.at(-1);
        expect(await verified(textOf(lines))).toEqual({
          lineCount: lines.length,
          lastHash: last === undefined ? null : hashOf(Buffer.from(last)),
          findings: [],
          findingCount: 0,
        });
      }),
    );
  });

  it("of which one byte changed is not, unless it is within the last line", async () => {
    await fc.assert(
      fc.asyncProperty(names(2), fc.nat(), fc.integer({ min: 1, max: 255 }), async (all, at, change) => {
        const lines = linesFor(all);
        const bytes = Buffer.from(textOf(lines));
        const changeable = bytes.length - Buffer.byteLength(lines.at(-1) ?? "") - 1;
        const index = at % changeable;
        bytes[index] = (bytes[index] ?? 0) ^ change;
        expect((await verified(bytes)).findingCount).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it("without one of its lines, but the last, is not", async () => {
    await fc.assert(
      fc.asyncProperty(names(2), fc.nat(), async (all, at) => {
        const lines = linesFor(all);
        lines.splice(at % (lines.length - 1), 1);
        expect((await verified(textOf(lines))).findingCount).toBeGreaterThan(0);
      }),
    );
  });

  it("with two lines swapped is not", async () => {
    await fc.assert(
      fc.asyncProperty(names(2), fc.nat(), fc.nat(), async (all, first, second) => {
        const lines = linesFor(all);
        const from = first % lines.length;
        const to = second % lines.length;
        fc.pre(from !== to);
        [lines[from], lines[to]] = [lines[to] ?? "", lines[from] ?? ""];
        expect((await verified(textOf(lines))).findingCount).toBeGreaterThan(0);
      }),
    );
  });

  it("with a line inserted is not, be it a copy, another log's or anything else", async () => {
    const anything = fc.string().filter((text) => !text.includes("\n"));
    await fc.assert(
      fc.asyncProperty(names(1), fc.nat(), fc.nat(), anything, async (all, at, copied, text) => {
        const lines = linesFor(all);
        for (const line of [text, lines[copied % lines.length] ?? "", linesFor(["other"])[0] ?? ""]) {
          const more = lines.toSpliced(at % (lines.length + 1), 0, line);
          expect((await verified(textOf(more))).findingCount).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("that was cut within a line ends with an incomplete one", async () => {
    await fc.assert(
      fc.asyncProperty(names(1), fc.nat(), async (all, at) => {
        const lines = linesFor(all);
        const last = Buffer.from(lines.at(-1) ?? "");
        const kept = Buffer.concat([
          Buffer.from(textOf(lines.slice(0, -1))),
          last.subarray(0, 1 + (at % (last.length - 1))),
        ]);
        const { findings } = await verified(kept);
        expect(findings).toEqual([
          { line: lines.length, why: expect.stringMatching(`^line ${lines.length} is incomplete: `) },
        ]);
      }),
    );
  });
});

it("a pipe is no log, and is not waited for", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("sh", ["-c", 'mkfifo "$0"', pipe]);
  await expect(openLog(pipe)).rejects.toThrow(/cannot be read \(it is not a regular file\)/);
});

describe("says what is wrong in", () => {
  const log = linesFor(["a", "b", "c", "d", "e"]);
  const [a = "", b = "", c = "", d = "", e = ""] = log;
  it.each<[string, string[], string[]]>([
    [
      "a changed line",
      [a, b.replace("created", "CREATED"), c, d, e],
      ["line 2 or the hash in line 3 was changed, or lines between them are missing."],
    ],
    [
      "missing lines",
      [a, d, e],
      ["line 1 or the hash in line 2 was changed, or lines between them are missing."],
    ],
    [
      "a missing beginning",
      [c, d, e],
      ["line 1 is not the first line of its log: the lines before it are missing, or its hash was changed."],
    ],
    ["a copied line", [a, b, b, c], ["line 3 belongs after line 1: line 2 was inserted or moved here."]],
    [
      "a text that is no line",
      [a, b, "note", c],
      [
        "line 3 is not a line of an audit log: it was inserted or changed.",
        "line 4 belongs after line 2: line 3 was inserted or moved here.",
      ],
    ],
    [
      "reordered lines",
      [a, c, b, d],
      [
        "line 2 belongs after line 3: lines were reordered.",
        "line 3 belongs after line 1: line 2 was inserted or moved here.",
        "line 4 belongs after line 2: line 3 was inserted or moved here.",
      ],
    ],
    [
      "a log within another",
      [a, b, ...linesFor(["x"])],
      ["line 3 begins another log: it was inserted here, or its hash was changed."],
    ],
    [
      "a line without a hash",
      [a, JSON.stringify(lineAbout("x"))],
      ["line 2 has no hash of the line before it: it was inserted or changed."],
    ],
  ])("%s", async (_, lines, whys) => {
    expect(await whysOf(lines)).toEqual(whys);
  });

  it("many lines: the first 20 and how many there are", async () => {
    const lines = linesFor(Array.from({ length: 50 }, (_, at) => String(at)));
    const { findings, findingCount } = await verified(
      textOf(lines.map((line) => line.replace("created", "x"))),
    );
    expect({ shown: findings.length, findingCount }).toEqual({ shown: 20, findingCount: 49 });
  });
});
