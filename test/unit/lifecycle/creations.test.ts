import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { nameHashOf, readCreations } from "../../../provider/lifecycle/creationNotes";
import { DiskFullError } from "../../../provider/lifecycle/creations";
import { NO_DISK, tinyDisk } from "../tinyDisk";
import { creation, DEAD_PID, useJournals, handOver } from "./journalFixture";

const CREATIONS = join(__dirname, "../../../provider/lifecycle/creations.ts");
const NOTES = join(__dirname, "../../../provider/lifecycle/creationNotes.ts");

const journals = useJournals();
const { journal, open, troubles } = journals;

const taken = () => open().map((noted) => noted.taken);
const files = () => readdir(journals.folder);
const onlyFile = async () => join(journals.folder, (await files())[0] ?? "");

describe("a creation in flight", () => {
  it("stands in a file that only its user can read, and never its name", async () => {
    journal().begin(creation("a secret name"));
    expect(open()).toMatchObject([{ ...creation("a secret name"), pid: process.pid, running: true }]);
    const file = await onlyFile();
    expect(file).toMatch(new RegExp(`[\\\\/]${process.pid}-[0-9a-f]{12}\\.jsonl$`));
    expect(await readFile(file, "utf8")).not.toContain("secret");
  });

  it.runIf(process.platform !== "win32")("is nobody else's to read", async () => {
    journal().begin(creation("web"));
    expect((await stat(journals.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(await onlyFile())).mode & 0o777).toBe(0o600);
  });

  it("leaves nothing behind once all have ended", async () => {
    const { begin } = journal();
    const [first, second] = [begin(creation("a", 1)), begin(creation("b", 2))];
    first.end();
    first.end();
    expect(open()).toMatchObject([creation("b", 2)]);
    expect(await files()).toHaveLength(1);
    second.end();
    expect(await files()).toEqual([]);
    begin(creation("c", 3)).end();
    expect(await files()).toEqual([]);
    expect(troubles).toEqual([]);
  });

  it("of a program that names no stack is noted without one", () => {
    journal().begin({ ...creation("a"), stack: undefined });
    expect(open()).toMatchObject([{ nameHash: nameHashOf("a") }]);
    expect(open()[0]?.stack).toBeUndefined();
  });

  it("is taken when the engine has had the time to take its result, and not before", async () => {
    const { soon, pass, engine } = handOver();
    const { begin } = journal({ soon });
    begin(creation("a", 1)).handOver(engine(true));
    begin(creation("b", 2)).handOver(undefined);
    expect(taken()).toEqual([false, false]);
    await pass(false);
    expect(taken()).toEqual([true, true]);
  });

  it("is not taken when the engine is gone by then", async () => {
    const { soon, pass, engine } = handOver();
    journal({ soon }).begin(creation("a")).handOver(engine(false));
    await pass(false);
    expect(taken()).toEqual([false]);
  });

  it("is taken at once when the engine ends this process", () => {
    const { soon, pass, engine } = handOver();
    journal({ soon }).begin(creation("a")).handOver(engine(false));
    void pass(true);
    expect(taken()).toEqual([true]);
  });

  it("that is taken stays while others end, and does not end any more", async () => {
    const { soon, pass, engine } = handOver();
    const { begin } = journal({ soon });
    const [first, second] = [begin(creation("a", 1)), begin(creation("b", 2))];
    first.handOver(engine(true));
    await pass(false);
    first.end();
    second.end();
    expect(open()).toMatchObject([{ ...creation("a", 1), taken: true }]);
  });

  it("fails nothing where the journals.folder cannot be written, and says so once", async () => {
    await writeFile(join(journals.root, "deep"), "a file in the way");
    const { begin } = journal();
    begin(creation("a")).end();
    begin(creation("b"));
    expect(troubles).toEqual([expect.stringMatching(/[0-9a-f]\.jsonl: (?:ENOTDIR|EEXIST|ENOENT)$/)]);
  });

  it("whose journals.folder is cleared meanwhile is no trouble", async () => {
    const { begin } = journal();
    const [first] = [begin(creation("a")), begin(creation("b"))];
    await rm(journals.folder, { recursive: true });
    first.end();
    begin(creation("c"));
    expect(open()).toMatchObject([creation("c")]);
    expect(troubles).toEqual([]);
  });
});

describe("what is read", () => {
  it("is nothing where there is no journals.folder", () => {
    expect(readCreations(journals.folder)).toEqual([]);
  });

  it("is of all processes, the oldest first", () => {
    journal().begin(creation("a", 2));
    journal({ pid: DEAD_PID }).begin(creation("b", 1));
    journal({ pid: DEAD_PID }).begin(creation("c", 3));
    expect(open()).toMatchObject([
      { ...creation("b", 1), pid: DEAD_PID, running: false },
      { ...creation("a", 2), pid: process.pid, running: true },
      { ...creation("c", 3), pid: DEAD_PID, running: false },
    ]);
  });

  it("leaves out lines that were cut off, foreign lines and foreign files", async () => {
    const { begin } = journal({ pid: DEAD_PID });
    begin(creation("a", 1));
    begin(creation("b", 2)).end();
    const file = await onlyFile();
    const text = await readFile(file, "utf8");
    const cut = text.slice(0, text.indexOf("{") + 40);
    await writeFile(file, `${text}\n[]\n{"end":1}\n{"begin":{"id":"9"}}${cut}`);
    begin(creation("c", 3));
    for (const name of ["README", "1.jsonl", `${DEAD_PID}-xyz.jsonl`, `0-abc.jsonl`]) {
      await writeFile(join(journals.folder, name), text);
    }
    expect(open()).toMatchObject([creation("a", 1), creation("c", 3)]);
  });

  it.runIf(process.platform === "linux")("takes no other process for one that had its id", async () => {
    journal().begin(creation("a"));
    const file = await onlyFile();
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/"startTicks":\d+/, '"startTicks":1'));
    expect(open()).toMatchObject([{ pid: process.pid, running: false }]);
    await writeFile(file, text.replace(/,"startTicks":\d+/, ""));
    expect(open()).toMatchObject([{ pid: process.pid, running: true }]);
  });

  it("settles one at a time, and removes a file in which nothing is open", async () => {
    const { begin } = journal({ pid: DEAD_PID });
    begin(creation("a", 1));
    begin(creation("b", 2));
    const [first, second] = readCreations(journals.folder);
    first?.settle();
    expect(open()).toMatchObject([creation("b", 2)]);
    second?.settle();
    expect(await files()).toEqual([]);
    // Another reader may have been faster.
    first?.settle();
    second?.settle();
    expect(await files()).toEqual([]);
  });

  it("removes what a process that has ended left behind without anything open", async () => {
    await journalFile(DEAD_PID, "");
    await journalFile(DEAD_PID - 1, '\n{"end":"1"}');
    await journalFile(process.pid, "");
    expect(open()).toEqual([]);
    expect(await files()).toEqual([`${process.pid}-ab.jsonl`]);
  });

  it("is open and no longer running after the process was killed", async () => {
    const code = `
      const { creationJournal } = require(${JSON.stringify(CREATIONS)});
      const { nameHashOf } = require(${JSON.stringify(NOTES)});
      const { begin } = creationJournal({ folder: ${JSON.stringify(journals.folder)}, onTrouble: console.error });
      const noted = (name) => begin({ account: "a", settingsHash: "s", nameHash: nameHashOf(name), nameGenerated: true, startedMs: name.length });
      noted("a"); noted("bb").end(); noted("ccc");
      process.stdout.write("begun " + process.pid);
      setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: __dirname,
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const noted = (running: boolean) =>
      ["a", "ccc"].map((name) => ({ nameHash: nameHashOf(name), pid: child.pid, running }));
    expect(open()).toMatchObject(noted(true));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(open()).toMatchObject(noted(false));
    for (const { settle } of readCreations(journals.folder)) settle();
    expect(await files()).toEqual([]);
  });
});

it("a full disk refuses the creation, and no other trouble does", async ({ skip }) => {
  const disk = tinyDisk(journals.folder) ?? skip(NO_DISK);
  try {
    disk.fill();
    const { begin } = journal();
    for (const name of ["a", "b"]) expect(() => begin(creation(name))).toThrow(DiskFullError);
    expect(open()).toEqual([]);
    expect(troubles).toEqual([expect.stringMatching(/: ENOSPC$/)]);
    disk.mend();
    begin(creation("c"));
    expect(open()).toMatchObject([creation("c")]);
  } finally {
    disk.dispose();
  }
});

async function journalFile(pid: number, text: string): Promise<void> {
  journal({ pid }).begin(creation("a")).end();
  await writeFile(join(journals.folder, `${pid}-ab.jsonl`), text);
}
