import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  keysInTheMaking,
  nameHashOf,
  readCreations,
} from "../../../../provider/lifecycle/creations/journalReader";
import { DiskFullError } from "../../../../provider/lifecycle/creations/journal";
import { NO_DISK, tinyDisk } from "../../tinyDisk";
import { BACKEND, creation, useJournals } from "../journalFixture";

const CREATIONS = join(__dirname, "../../../../provider/lifecycle/creations/journal.ts");
const NOTES = join(__dirname, "../../../../provider/lifecycle/creations/journalReader.ts");

const journals = useJournals();
const { journal, open, troubles } = journals;

const deliveries = () => open().map((noted) => noted.delivered);
const files = () => readdir(journals.folder);
const onlyFile = async () => join(journals.folder, (await files())[0] ?? "");

describe("a creation in flight", () => {
  it("stands in a file that only its user can read, and never its name", async () => {
    journal().begin(creation("a secret name"));
    const file = await onlyFile();
    expect(open()).toMatchObject([
      { ...creation("a secret name"), backend: BACKEND, fingerprint: undefined, file },
    ]);
    expect(file).toMatch(/[\\/][0-9a-f]{16}\.jsonl$/);
    expect(await readFile(file, "utf8")).not.toContain("secret");
  });

  it.runIf(process.platform !== "win32")("is readable only by its owner", async () => {
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

  it("asks once for the backend of its project", () => {
    const asked: string[] = [];
    const { begin } = journal({ backendOf: (project) => (asked.push(project), `that of ${project}`) });
    begin(creation("a", 1));
    begin(creation("b", 2));
    expect(asked).toEqual(["shop"]);
    expect(open().map(({ backend }) => backend)).toEqual(["that of shop", "that of shop"]);
  });

  it("is known by the key's fingerprint as well, from the response on", () => {
    const { begin } = journal();
    const [note] = [begin(creation("a", 1)), begin(creation("b", 2))];
    note.made("pk-1");
    expect(open().map(({ fingerprint }) => fingerprint)).toEqual(["pk-1", undefined]);
    note.end();
    note.made("pk-1");
    expect(open()).toMatchObject([creation("b", 2)]);
  });

  it("is delivered when its response has left the process, and not before", async () => {
    const { begin } = journal();
    begin(creation("a")).delivered();
    expect(deliveries()).toEqual([false]);
    await expect.poll(deliveries).toEqual([true]);
  });

  it("that is delivered stays while others end, and does not end any more", async () => {
    const { begin } = journal();
    const [first, second] = [begin(creation("a", 1)), begin(creation("b", 2))];
    first.delivered();
    await expect.poll(deliveries).toEqual([true, false]);
    first.end();
    second.end();
    expect(open()).toMatchObject([{ ...creation("a", 1), delivered: true }]);
  });

  it("removes files that are older than a week and have nothing but delivered creations", async () => {
    const DAY_MS = 24 * 3_600_000;
    const nowMs = Date.now();
    journal().begin(creation("a", nowMs)).delivered();
    await expect.poll(deliveries).toEqual([true]);
    journal().begin(creation("b", nowMs));
    journal()
      .begin(creation("c", nowMs + 6 * DAY_MS))
      .end();
    expect(open()).toHaveLength(2);
    journal()
      .begin(creation("c", nowMs + 8 * DAY_MS))
      .end();
    expect(open()).toMatchObject([creation("b", nowMs)]);
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
    journal().begin(creation("b", 1));
    journal().begin(creation("c", 3));
    expect(open()).toMatchObject([creation("b", 1), creation("a", 2), creation("c", 3)]);
  });

  it("has the same name for what the API trims and normalises", () => {
    expect(nameHashOf(" caf\u0065\u0301 ")).toBe(nameHashOf("caf\u00e9"));
    expect(nameHashOf("cafe")).not.toBe(nameHashOf("caf\u00e9"));
  });

  it("leaves out lines that were cut off, foreign lines and foreign files", async () => {
    const { begin } = journal();
    begin(creation("a", 1));
    begin(creation("b", 2)).end();
    const file = await onlyFile();
    const text = await readFile(file, "utf8");
    const cut = text.slice(0, text.indexOf("{") + 40);
    await writeFile(file, `${text}\n[]\n{"end":1}\n{"begin":{"id":"9"}}${cut}`);
    begin(creation("c", 3));
    for (const name of ["README", "1.jsonl", "xyz0000000000000.jsonl"]) {
      await writeFile(join(journals.folder, name), text);
    }
    expect(open()).toMatchObject([creation("a", 1), creation("c", 3)]);
  });

  it("settles one at a time, also twice", () => {
    const { begin } = journal();
    begin(creation("a", 1));
    begin(creation("b", 2));
    const [first, second] = readCreations(journals.folder);
    first?.settle();
    expect(open()).toMatchObject([creation("b", 2)]);
    second?.settle();
    first?.settle();
    expect(open()).toEqual([]);
  });

  it("names the keys in the making for two hours, by name and by fingerprint", () => {
    const { begin } = journal();
    begin(creation("a", 5)).made("pk-1");
    const twoHours = 2 * 3_600_000;
    const inTheMaking = (nowMs: number) => {
      const isInTheMaking = keysInTheMaking(journals.folder, nowMs);
      return [
        { name: " a", fingerprint: undefined },
        { name: "renamed", fingerprint: "pk-1" },
        { name: "renamed", fingerprint: undefined },
        { name: "b", fingerprint: "pk-2" },
      ].map((key) => isInTheMaking(key) !== undefined);
    };
    expect(inTheMaking(0)).toEqual([true, true, false, false]);
    expect(inTheMaking(twoHours + 4)).toEqual([true, true, false, false]);
    expect(inTheMaking(twoHours + 5)).toEqual([false, false, false, false]);
  });

  it("is open after the process was killed", async () => {
    const code = `
      const { creationJournal } = require(${JSON.stringify(CREATIONS)});
      const { nameHashOf } = require(${JSON.stringify(NOTES)});
      const { begin } = creationJournal({ folder: ${JSON.stringify(journals.folder)}, onTrouble: console.error });
      const noted = (name) => begin({ account: "a", nameHash: nameHashOf(name), startedMs: name.length });
      noted("a"); noted("bb").end(); noted("ccc");
      process.stdout.write("begun " + process.pid);
      setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: __dirname,
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const noted = ["a", "ccc"].map((name) => ({ nameHash: nameHashOf(name) }));
    expect(open()).toMatchObject(noted);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(open()).toMatchObject(noted);
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
    disk.makeRoom();
    begin(creation("c"));
    expect(open()).toMatchObject([creation("c")]);
  } finally {
    disk.dispose();
  }
});
