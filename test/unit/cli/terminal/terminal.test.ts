import { describe, expect, it } from "vitest";
import type { Terminal } from "../../../../provider/cli/terminal/terminal";
import { recordedTerminal } from "../../../support/recordedTerminal";

const API_KEY = "ek-Wq93LmZtR8vBx";
const OTHER_KEY = "ek-proxy-Hs62KpYdN4cJw";
const ERASE = "\u001B[1G\u001B[2K";

function terminal(isTTY: boolean, columns = 40) {
  return recordedTerminal(isTTY ? { columns } : {});
}

describe("elsewhere than on a terminal", () => {
  it("results go to stdout, and progress to stderr as plain lines, none twice in a row", () => {
    const { written, terminal: plain } = terminal(false);
    plain.progress("reading");
    plain.progress("reading");
    plain.progress("writing");
    plain.tick("1 of 2");
    plain.note("careful\nvery");
    plain.result("done\nwell");
    plain.end();
    expect(written).toEqual({ out: "done\nwell\n", err: "reading\nwriting\ncareful\nvery\n" });
  });
});

describe("on a terminal", () => {
  it("progress takes one line that is written over, and is gone before anything that stays", () => {
    const { written, terminal: shown } = terminal(true);
    shown.progress("reading");
    shown.tick("1 of 2");
    shown.note("careful");
    shown.result("done");
    shown.progress("more");
    shown.end();
    shown.end();
    expect(written.out).toBe("done\n");
    expect(written.err).toBe(`reading${ERASE}1 of 2${ERASE}careful\nmore${ERASE}`);
  });

  it("progress is never longer than the line", () => {
    const { written, terminal: shown } = terminal(true, 30);
    shown.progress("a".repeat(100));
    expect(written.err).toHaveLength(29);
  });
});

describe.each([true, false])("any output (on a terminal: %s)", (isTTY) => {
  const ways: Record<string, (shown: Terminal, text: string) => void> = {
    result: (shown, text) => shown.result(text),
    json: (shown, text) => shown.json({ nested: [{ text }] }),
    progress: (shown, text) => shown.progress(text),
    tick: (shown, text) => shown.tick(text),
    note: (shown, text) => shown.note(text),
  };

  it.each(Object.keys(ways))("%s shows no key, and no API key that is in use", (way) => {
    const { written, terminal: shown } = terminal(isTTY, 400);
    shown.hide(API_KEY);
    const core = API_KEY.slice(3);
    const encoded = Buffer.from(API_KEY).toString("hex");
    ways[way]?.(shown, `${OTHER_KEY} ${API_KEY} ${core} ${encoded} ${core.slice(0, 9)} pk-0123456789abcdef`);
    const text = written.out + written.err;
    for (const secret of [OTHER_KEY.slice(9), core, core.slice(0, 9), encoded])
      expect(text).not.toContain(secret);
    // A tick is for terminals only.
    expect(text.includes("pk-0123456789abcdef")).toBe(way !== "tick" || isTTY);
  });
});

it("JSON stays JSON, and stands alone on stdout", () => {
  const { written, terminal: plain } = terminal(false);
  plain.hide(API_KEY);
  plain.progress("reading");
  plain.json({ a: [1, null, true, `"${API_KEY}"`], b: { c: "d\n" } });
  expect(JSON.parse(written.out)).toEqual({ a: [1, null, true, '"[redacted]"'], b: { c: "d\n" } });
});

it("a long text is not cut off where each of its lines is short", () => {
  const { written, terminal: plain } = terminal(false);
  const text = Array.from({ length: 5_000 }, (_, at) => `line ${at}`).join("\n");
  plain.result(text);
  expect(written.out).toBe(`${text}\n`);
});

it("a table has a line for each row, with any text in its cells", () => {
  const { written, terminal: plain } = terminal(false);
  const rows = [
    ["key", "outcome"],
    ["bot\nspare  removed", "failed"],
    ["x\u202E\u001B[2K", "kept"],
  ];
  plain.result({ rows });
  expect(written.out.split("\n")).toEqual([
    "key                 outcome",
    "bot spare  removed  failed",
    "x                   kept",
    "",
  ]);
});

it("a name on the account cannot control the user's terminal", () => {
  const { written, terminal: shown } = terminal(false);
  const name = "bot\u001B[2J\u001B]0;title\u0007\r\u009B1A\tend";
  shown.result(name);
  shown.note(name);
  shown.progress(name);
  const said = written.out + written.err;
  for (const control of ["\u001B", "\u0007", "\r", "\u009B"]) expect(said.includes(control)).toBe(false);
});

it("a name in JSON is the name, in characters that a terminal shows", () => {
  const { written, terminal: shown } = terminal(false);
  const name = "bot\u009B2J\u202E\u2028\u{E0041}\n€";
  shown.json({ name });
  expect(JSON.parse(written.out)).toEqual({ name });
  expect(written.out).toMatch(/^[\n -~€]*$/);
});
