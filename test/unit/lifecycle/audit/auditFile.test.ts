import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, closeSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { appendFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { appendAuditLine } from "../../../../provider/lifecycle/auditLog";
import { hashOf, logEndOf } from "../../../../provider/lifecycle/audit/chain";
import { lineAbout } from "./lineAbout";
import { append, linesOf, namesOf, simulateWaiting, useLog, verified } from "./logFixture";

const TSX = join(__dirname, "../../../../node_modules/tsx/dist/cli.mjs");
const WORKER = join(__dirname, "auditWorker.ts");

const log = useLog();

describe("a line", () => {
  it("has the hash of the line before it, the first has none", async () => {
    for (const name of ["a", "b", "c"]) await append(name, log.file);
    const lines = await linesOf(log.file);
    expect(lines.map((line) => (JSON.parse(line) as { previous: unknown }).previous)).toEqual([
      null,
      hashOf(Buffer.from(lines[0] ?? "")),
      hashOf(Buffer.from(lines[1] ?? "")),
    ]);
    expect(await verified(log.file)).toMatchObject({ lineCount: 3, findingCount: 0 });
  });

  it("keeps the order in which one process wrote, many at once", async () => {
    const names = Array.from({ length: 100 }, (_, at) => `key-${at}`);
    await Promise.all(names.map((name) => append(name, log.file)));
    expect(await namesOf(log.file)).toEqual(names);
    expect(await verified(log.file)).toMatchObject({ lineCount: 100, findingCount: 0 });
    expect(await readdir(log.folder)).toEqual(["audit.jsonl"]);
  });

  it("begins a new chain if the log was replaced", async () => {
    await append("old", log.file);
    renameSync(log.file, `${log.file}.1`);
    await append("new", log.file);
    expect(await linesOf(log.file)).toEqual([expect.stringMatching(/^\{"previous":null,.*"new"/)]);
    expect(await verified(`${log.file}.1`)).toMatchObject({ lineCount: 1, findingCount: 0 });
  });

  it("follows a last line of any length", async () => {
    for (const length of [10, 4_000, 4_096, 100_000]) {
      await appendAuditLine(log.file, lineAbout("long", { reason: "ä".repeat(length).slice(0, 19_000) }), []);
      const lineCount = (await linesOf(log.file)).length;
      await append("next", log.file);
      expect(await verified(log.file)).toMatchObject({ lineCount: lineCount + 1, findingCount: 0 });
    }
  });

  it.each([1, 2, 7, 64])("is found backwards in blocks of %i bytes", async (blockSize) => {
    const texts = ["", "\n", "a", "a\n", "ab\ncd", "ab\ncd\n", "\n\n", `x\n${"y".repeat(130)}\n`];
    for (const text of texts) {
      await writeFile(log.file, text);
      const descriptor = openSync(log.file, "r");
      const end = logEndOf(descriptor, statSync(log.file).size, blockSize);
      closeSync(descriptor);
      const isOpen = text !== "" && !text.endsWith("\n");
      const last = (isOpen ? text : text.slice(0, -1)).split("\n").at(-1) ?? "";
      expect(end, JSON.stringify(text)).toEqual({
        hash: text === "" ? null : hashOf(Buffer.from(last)),
        isOpen,
      });
    }
  });

  it.each([true, false])(
    "shares the lock of the file that a link leads to, be it there (%j) or not",
    async (isThere) => {
      const link = join(log.folder, "link");
      if (isThere) writeFileSync(log.file, "");
      symlinkSync(log.file, link);
      mkdirSync(join(`${log.file}.lock`, "full"), { recursive: true });
      await expect(append("a", link)).rejects.toThrow(
        /could not be written to the audit log .*link \(EISDIR\)/,
      );
    },
  );
});

describe("a torn last line", () => {
  it.each([`{"previous":null,"time":"2026-`, "{", "\0\0\0\0"])(
    "(%j) breaks no later line, and is the only one that is reported",
    async (torn) => {
      for (const before of [[], ["a", "b"]]) {
        await rm(log.file, { force: true });
        for (const name of before) await append(name, log.file);
        const previous =
          before.length === 0 ? "null" : `"${hashOf(Buffer.from((await linesOf(log.file))[1] ?? ""))}"`;
        await appendFile(log.file, torn.replace("null", previous));
        await append("c", log.file);
        await append("d", log.file);
        const line = before.length + 1;
        expect(await verified(log.file)).toMatchObject({
          lineCount: line + 2,
          findingCount: 1,
          findings: [
            { line, why: expect.stringMatching(`^line ${line} is incomplete: .* The next line continues`) },
          ],
        });
      }
    },
  );

  it("that lacks only its newline is whole again", async () => {
    for (const name of ["a", "b"]) await append(name, log.file);
    await writeFile(log.file, (await readFile(log.file, "utf8")).trimEnd());
    expect(await verified(log.file)).toMatchObject({ lineCount: 2, findingCount: 0 });
    await append("c", log.file);
    expect(await namesOf(log.file)).toEqual(["a", "b", "c"]);
    expect(await verified(log.file)).toMatchObject({ lineCount: 3, findingCount: 0 });
  });
});

describe("several processes", () => {
  const worker = (name: string, count: string): ChildProcess =>
    spawn(process.execPath, [TSX, WORKER, log.file, name, count], { stdio: ["ignore", "pipe", "inherit"] });
  /** Resolves with the process id that it prints: the spawned process is the tool that runs the worker. */
  const started = async (child: ChildProcess) =>
    Number.parseInt(String((await once(child.stdout as NodeJS.ReadableStream, "data"))[0]), 10);

  // Windows has no such pipes.
  it.skipIf(process.platform === "win32")(
    "do not wait for the writer of a pipe in the lock's place",
    async () => {
      execFileSync("sh", ["-c", 'mkfifo "$0"', `${log.file}.lock`]);
      const options = { timeout: 20_000, killSignal: "SIGKILL" } as const;
      const { status } = spawnSync(
        process.execPath,
        ["--import", "tsx", WORKER, log.file, "a", "1"],
        options,
      );
      expect(status).toBe(0);
      expect(await verified(log.file)).toMatchObject({ lineCount: 1, findingCount: 0 });
    },
  );

  it("keep the chain, one of them killed while it writes", async () => {
    const endless = worker("endless", "endless");
    const pid = await started(endless);
    const others = ["a", "b", "c"].map((name) => worker(name, "100"));
    const exits = [endless, ...others].map((child) => once(child, "exit"));
    await Promise.race(exits);
    process.kill(pid, "SIGKILL");
    await Promise.all(exits);
    const { findings } = await verified(log.file);
    expect(findings.filter(({ why }) => !why.includes("incomplete"))).toEqual([]);
    const names = await namesOf(log.file);
    expect(names.filter((name) => name.startsWith("endless")).length).toBeGreaterThan(0);
    for (const name of ["a", "b", "c"]) {
      expect(names.filter((line) => line.startsWith(name))).toEqual(
        Array.from({ length: 100 }, (_, at) => `${name}-${at}`),
      );
    }
  });

  it("go on after one was killed in the middle of a line, with the lock", async () => {
    await append("a", log.file);
    const torn = worker("torn", "torn");
    const pid = await started(torn);
    process.kill(pid, "SIGKILL");
    await once(torn, "exit");
    expect(await readdir(log.folder)).toEqual(["audit.jsonl", "audit.jsonl.lock"]);
    const isReadable = 0o444 & ~process.umask();
    expect(statSync(`${log.file}.lock`).mode & 0o444, "for other users who wait for it").toBe(isReadable);
    const waited = simulateWaiting();
    await Promise.all([append("b", log.file), append("c", log.file)]);
    expect(waited.ms, "a stale lock is broken after a second").toBe(1_001);
    expect(await readdir(log.folder)).toEqual(["audit.jsonl"]);
    const lines = await linesOf(log.file);
    expect(lines).toHaveLength(4);
    expect(await verified(log.file)).toMatchObject({
      lineCount: 4,
      findingCount: 1,
      findings: [{ line: 2, why: expect.stringContaining("line 2 is incomplete") }],
    });
  });
});
