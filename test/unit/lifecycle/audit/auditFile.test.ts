import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs, {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { appendAuditLine, requireAuditLog } from "../../../../provider/lifecycle/auditLog";
import { hashOf, logEndOf } from "../../../../provider/lifecycle/audit/chain";
import { blockingWait } from "../../../../provider/util/fileLock";
import { openLog } from "../../../../provider/cli/audit/logLines";
import { verifyLog } from "../../../../provider/cli/audit/verifyLog";
import { NO_DISK, tinyDisk } from "../../tinyDisk";
import { lineAbout } from "./lineAbout";

const TSX = join(__dirname, "../../../../node_modules/tsx/dist/cli.mjs");
const WORKER = join(__dirname, "auditWorker.ts");

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-file-"));
  file = join(folder, "audit.jsonl");
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const append = (name: string, path = file) => appendAuditLine(path, lineAbout(name), []);
const linesOf = async (path = file) => (await readFile(path, "utf8")).split("\n").slice(0, -1);
const namesOf = async (path = file) =>
  (await linesOf(path)).flatMap((line) => /"name":"([^"]+)"/.exec(line)?.[1] ?? []);

async function verified(path = file) {
  const log = await openLog(path);
  try {
    return await verifyLog(log);
  } finally {
    await log.close();
  }
}

/** Time passes only while a lock is awaited. */
function simulateWaiting(): { ms: number } {
  const waited = { ms: 0 };
  vi.spyOn(blockingWait, "nowMs").mockImplementation(() => waited.ms);
  vi.spyOn(blockingWait, "pause").mockImplementation((ms) => void (waited.ms += ms));
  return waited;
}

describe("a line", () => {
  it("has the hash of the line before it, the first has none", async () => {
    for (const name of ["a", "b", "c"]) await append(name);
    const lines = await linesOf();
    expect(lines.map((line) => (JSON.parse(line) as { previous: unknown }).previous)).toEqual([
      null,
      hashOf(Buffer.from(lines[0] ?? "")),
      hashOf(Buffer.from(lines[1] ?? "")),
    ]);
    expect(await verified()).toMatchObject({ lineCount: 3, findingCount: 0 });
  });

  it("keeps the order in which one process wrote, many at once", async () => {
    const names = Array.from({ length: 100 }, (_, at) => `key-${at}`);
    await Promise.all(names.map((name) => append(name)));
    expect(await namesOf()).toEqual(names);
    expect(await verified()).toMatchObject({ lineCount: 100, findingCount: 0 });
    expect(await readdir(folder)).toEqual(["audit.jsonl"]);
  });

  it("begins a new chain if the log was replaced", async () => {
    await append("old");
    renameSync(file, `${file}.1`);
    await append("new");
    expect(await linesOf()).toEqual([expect.stringMatching(/^\{"previous":null,.*"new"/)]);
    expect(await verified(`${file}.1`)).toMatchObject({ lineCount: 1, findingCount: 0 });
  });

  it("follows a last line of any length", async () => {
    for (const length of [10, 4_000, 4_096, 100_000]) {
      await appendAuditLine(file, lineAbout("long", { reason: "ä".repeat(length).slice(0, 19_000) }), []);
      const lineCount = (await linesOf()).length;
      await append("next");
      expect(await verified()).toMatchObject({ lineCount: lineCount + 1, findingCount: 0 });
    }
  });

  it.each([1, 2, 7, 64])("is found backwards in blocks of %i bytes", async (blockSize) => {
    const texts = ["", "\n", "a", "a\n", "ab\ncd", "ab\ncd\n", "\n\n", `x\n${"y".repeat(130)}\n`];
    for (const text of texts) {
      await writeFile(file, text);
      const descriptor = openSync(file, "r");
      const end = logEndOf(descriptor, statSync(file).size, blockSize);
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
      const link = join(folder, "link");
      if (isThere) writeFileSync(file, "");
      symlinkSync(file, link);
      mkdirSync(join(`${file}.lock`, "full"), { recursive: true });
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
        await rm(file, { force: true });
        for (const name of before) await append(name);
        const previous =
          before.length === 0 ? "null" : `"${hashOf(Buffer.from((await linesOf())[1] ?? ""))}"`;
        await appendFile(file, torn.replace("null", previous));
        await append("c");
        await append("d");
        const line = before.length + 1;
        expect(await verified()).toMatchObject({
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
    for (const name of ["a", "b"]) await append(name);
    await writeFile(file, (await readFile(file, "utf8")).trimEnd());
    expect(await verified()).toMatchObject({ lineCount: 2, findingCount: 0 });
    await append("c");
    expect(await namesOf()).toEqual(["a", "b", "c"]);
    expect(await verified()).toMatchObject({ lineCount: 3, findingCount: 0 });
  });
});

describe("several processes", () => {
  const worker = (name: string, count: string): ChildProcess =>
    spawn(process.execPath, [TSX, WORKER, file, name, count], { stdio: ["ignore", "pipe", "inherit"] });
  /** Resolves with the process id that it prints: the spawned process is the tool that runs the worker. */
  const started = async (child: ChildProcess) =>
    Number.parseInt(String((await once(child.stdout as NodeJS.ReadableStream, "data"))[0]), 10);

  it("keep the chain, one of them killed while it writes", async () => {
    const endless = worker("endless", "endless");
    const pid = await started(endless);
    const others = ["a", "b", "c"].map((name) => worker(name, "100"));
    const exits = [endless, ...others].map((child) => once(child, "exit"));
    await Promise.race(exits);
    process.kill(pid, "SIGKILL");
    await Promise.all(exits);
    const { findings } = await verified();
    expect(findings.filter(({ why }) => !why.includes("incomplete"))).toEqual([]);
    const names = await namesOf();
    expect(names.filter((name) => name.startsWith("endless")).length).toBeGreaterThan(0);
    for (const name of ["a", "b", "c"]) {
      expect(names.filter((line) => line.startsWith(name))).toEqual(
        Array.from({ length: 100 }, (_, at) => `${name}-${at}`),
      );
    }
  });

  it("go on after one was killed in the middle of a line, with the lock", async () => {
    await append("a");
    const torn = worker("torn", "torn");
    const pid = await started(torn);
    process.kill(pid, "SIGKILL");
    await once(torn, "exit");
    expect(await readdir(folder)).toEqual(["audit.jsonl", "audit.jsonl.lock"]);
    const isReadable = 0o444 & ~process.umask();
    expect(statSync(`${file}.lock`).mode & 0o444, "for other users who wait for it").toBe(isReadable);
    const waited = simulateWaiting();
    await Promise.all([append("b"), append("c")]);
    expect(waited.ms, "a stale lock is broken after a second").toBe(1_001);
    expect(await readdir(folder)).toEqual(["audit.jsonl"]);
    const lines = await linesOf();
    expect(lines).toHaveLength(4);
    expect(await verified()).toMatchObject({
      lineCount: 4,
      findingCount: 1,
      findings: [{ line: 2, why: expect.stringContaining("line 2 is incomplete") }],
    });
  });
});

describe("a log that cannot be written", () => {
  it("is refused beforehand if its folder cannot hold the lock", async ({ skip }) => {
    const small = join(folder, "small");
    const disk = tinyDisk(small, 64) ?? skip(NO_DISK);
    try {
      expect(() => requireAuditLog(join(small, "audit.jsonl"))).not.toThrow();
      disk.protect();
      expect(() => requireAuditLog(join(small, "audit.jsonl"))).toThrow(/cannot be written \(EROFS\)/);
    } finally {
      disk.dispose();
    }
    mkdirSync(join(`${file}.lock`, "full"), { recursive: true });
    expect(() => requireAuditLog(file)).toThrow(
      /cannot be written \(EISDIR\), and without it nothing is changed/,
    );
    await expect(append("a")).rejects.toThrow(/could not be written to the audit log/);
    expect(statSync(file).size).toBe(0);
  });

  it("is refused beforehand if it is a link to a full disk", async ({ skip }) => {
    const small = join(folder, "small");
    const disk = tinyDisk(small, 4) ?? skip(NO_DISK);
    try {
      symlinkSync(join(small, "audit.jsonl"), file);
      expect(() => requireAuditLog(file)).toThrow(/cannot be written \(ENOSPC\)/);
    } finally {
      disk.dispose();
    }
  });

  it("keeps nothing of a line that has no room", async ({ skip }) => {
    const small = join(folder, "small");
    const disk = tinyDisk(small, 2) ?? skip(NO_DISK);
    try {
      const log = join(small, "audit.jsonl");
      await appendAuditLine(log, lineAbout("a", { reason: "x".repeat(3_800) }), []);
      const before = await readFile(log, "utf8");
      // The lock gets the second block, so only a part of the line fits.
      await expect(append("b", log)).rejects.toThrow(/\(create: created\) could not be written .*ENOSPC/);
      expect(await readFile(log, "utf8")).toBe(before);
      expect(await readdir(small)).toEqual(["audit.jsonl"]);
    } finally {
      disk.dispose();
    }
  });

  it("breaks a stale lock that it must not read, as of another user", async () => {
    writeFileSync(`${file}.lock`, "another user's");
    const { readFileSync } = fs;
    let reads = 0;
    fs.readFileSync = ((path: string, ...rest: never[]) => {
      if (!path.includes(".lock") || readFileSync(path, "utf8") !== "another user's")
        return readFileSync(path, ...rest);
      reads++;
      throw Object.assign(new Error("EACCES: permission denied, open"), { code: "EACCES" });
    }) as typeof readFileSync;
    syncBuiltinESMExports();
    const waited = simulateWaiting();
    try {
      await append("a");
    } finally {
      fs.readFileSync = readFileSync;
      syncBuiltinESMExports();
    }
    expect(reads).toBeGreaterThan(1);
    expect(waited.ms).toBe(1_001);
    expect(await readdir(folder)).toEqual(["audit.jsonl"]);
  });

  it("gives up on a lock that is never free, and says so", async () => {
    await append("a");
    symlinkSync("/nowhere/at/all", `${file}.lock`);
    const waited = simulateWaiting();
    await expect(append("b")).rejects.toThrow(/ETIMEDOUT/);
    expect(waited.ms).toBe(5_000);
  });

  it("does not write under a lock that another process broke meanwhile", async () => {
    await append("a");
    const waited = simulateWaiting();
    let calls = 0;
    // The third look at the clock is that of the check right before the write.
    vi.spyOn(blockingWait, "nowMs").mockImplementation(() => {
      if (++calls === 3) writeFileSync(`${file}.lock`, "another");
      return waited.ms;
    });
    await append("b");
    expect(waited.ms, "the other one's lock had to become stale").toBeGreaterThan(1_000);
    expect(await namesOf()).toEqual(["a", "b"]);
    expect(await verified()).toMatchObject({ findingCount: 0 });
  });
});
