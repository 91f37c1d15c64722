import { appendFileSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeysOfRun } from "../../../../provider/lifecycle/run/keysOfRun";
import { fileOfRun } from "../../../../provider/lifecycle/run/runFile";

const KEY = "pk-0123456789abcdef";
const folder = () => join(mkdtempSync(join(tmpdir(), "runs-")), "runs");

/** Two plugin processes of one run. */
function twoProcesses(file = fileOfRun(folder(), "127.0.0.1:4711")) {
  const troubles: string[] = [];
  let nowMs = 0;
  const open = () => new KeysOfRun({ file, nowMs: () => nowMs, onTrouble: (why) => troubles.push(why) });
  return { one: open(), other: open(), open, file, troubles, advance: (ms: number) => (nowMs += ms) };
}

describe("the processes of a run", () => {
  it("share who adopts a key, and how far that has come", () => {
    const { one, other } = twoProcesses();
    expect(other.adoption(KEY)).toBeUndefined();
    one.declareAdoption(KEY, "urn:a");
    expect(other.adoption(KEY)).toBe("declared");
    other.declareAdoption(KEY, "urn:b");
    expect([...one.adopters(KEY)]).toEqual(["urn:a", "urn:b"]);
    one.adoptionFailed(KEY);
    expect(other.adoption(KEY)).toBe("failed");
    other.adopted(KEY);
    expect(one.adoption(KEY)).toBe("done");
    one.adoptionFailed(KEY);
    expect(other.adoption(KEY)).toBe("done");
  });

  it("share who keeps a key, with what is declared of it, and which keys were created", () => {
    const { one, other } = twoProcesses();
    const declared = {
      enabled: true,
      settings: {
        name: "web",
        expires_at: -1,
        allocated_ammount: 10,
        model_whitelist: ["o3"],
        ip_whitelist: [],
        limit_type: "daily" as const,
      },
    };
    one.holds(KEY, { by: "web-abc", declared });
    expect(other.holder(KEY)).toEqual({ by: "web-abc", declared });
    expect(other.holder("pk-another")).toBeUndefined();
    expect(other.isCreated(KEY)).toBe(false);
    one.created(KEY);
    expect(other.isCreated(KEY)).toBe(true);
  });

  it("note a fact once, however often a resource is checked", () => {
    const { one, open, file } = twoProcesses();
    for (let times = 0; times < 3; times++) one.declareAdoption(KEY, "urn:a");
    appendFileSync(file, `{"key": "pk-cut`);
    one.holds(KEY, {});
    const late = open();
    expect([...late.adopters(KEY)]).toEqual(["urn:a"]);
    expect(late.holder(KEY)).toEqual({ declared: undefined });
  });

  it("ignore what an earlier run at the same address has left for a day", () => {
    const { one, open, advance } = twoProcesses();
    one.declareAdoption(KEY, "urn:a");
    advance(24 * 3_600_000);
    expect(open().adoption(KEY)).toBeUndefined();
  });

  it("remove the files of earlier runs after a day", () => {
    const { one, file, advance } = twoProcesses();
    one.declareAdoption(KEY, "urn:a");
    utimesSync(file, 0, 0);
    advance(24 * 3_600_000 + 1);
    const next = join(dirname(file), "next.jsonl");
    new KeysOfRun({ file: next, nowMs: () => 24 * 3_600_000 + 1 }).declareAdoption(KEY, "urn:b");
    expect(readdirSync(dirname(file))).toEqual(["next.jsonl"]);
  });

  it("go on alone, with one report, when the file cannot be used", () => {
    const file = join(mkdtempSync(join(tmpdir(), "runs-")), "file");
    writeFileSync(file, "");
    const { one, other, troubles } = twoProcesses(join(file, "run.jsonl"));
    one.declareAdoption(KEY, "urn:a");
    one.holds(KEY, {});
    expect(one.adoption(KEY)).toBe("declared");
    expect(one.trouble).toMatch(/ENOTDIR|EEXIST/);
    expect(other.adoption(KEY)).toBeUndefined();
    expect(troubles).toHaveLength(1);
  });
});

it("runs of engines at other addresses share nothing", () => {
  const runs = folder();
  new KeysOfRun({ file: fileOfRun(runs, "127.0.0.1:1") }).declareAdoption(KEY, "urn:a");
  expect(new KeysOfRun({ file: fileOfRun(runs, "127.0.0.1:2") }).adoption(KEY)).toBeUndefined();
});
