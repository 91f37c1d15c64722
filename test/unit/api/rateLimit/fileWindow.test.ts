import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileWindowStore } from "../../../../provider/api/rateLimit/fileWindow";
import { emptyWindow, type WindowState } from "../../../../provider/api/rateLimit/rateWindow";
import { NO_DISK, tinyDisk } from "../../tinyDisk";

const TSX = join(__dirname, "../../../../node_modules/tsx/dist/cli.mjs");
const WORKER = join(__dirname, "fileWindowWorker.ts");

let folder: string;
const troubles: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-"));
  troubles.length = 0;
  waitedMs = 0;
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Milliseconds: a second, and one pause. */
const BROKEN_AFTER_MS = 1_001;

/** Milliseconds that stores have waited for locks. */
let waitedMs = 0;

function store(path = join(folder, "deep", "account.json")) {
  const waiting = { nowMs: () => waitedMs, pause: (ms: number) => void (waitedMs += ms) };
  return fileWindowStore({ path, waiting, onTrouble: (reason) => troubles.push(reason) });
}

function worker(path: string, count: string): ChildProcess {
  return spawn(process.execPath, [TSX, WORKER, path, count], { stdio: ["ignore", "pipe", "inherit"] });
}

const copy = (state: WindowState) => structuredClone(state);

describe("a ledger", () => {
  it("makes its folder, remembers, and leaves nothing else behind", async () => {
    store().transact((state) => {
      state.limit = 7;
      state.othersSentMs.push(3);
    });
    expect(store().transact(copy)).toEqual({ ...emptyWindow(), limit: 7, othersSentMs: [3] });
    expect(await readdir(join(folder, "deep"))).toEqual(["account.json"]);
    expect(troubles).toEqual([]);
  });

  it.each(["", "{", "[]", '{"entries":1}', '{"entries":[{"id":1}]}'])(
    "takes a damaged file (%j) for one that tells nothing",
    async (text) => {
      const path = join(folder, "account.json");
      await writeFile(path, text);
      expect(store(path).transact(copy)).toEqual(emptyWindow());
    },
  );

  it("judges no request by the process that sent it", async () => {
    const path = join(folder, "account.json");
    const entries = [{ id: "999999999-x-1", sentMs: 1 }];
    const waiting = { "999999999-x": { askedMs: [1], seenMs: 1 } };
    await writeFile(path, JSON.stringify({ ...emptyWindow(), entries, waiting }));
    expect(store(path).transact(copy)).toMatchObject({ entries, waiting });
  });

  it("loses no step of four processes that write at once", async () => {
    const path = join(folder, "account.json");
    const workers = Array.from({ length: 4 }, () => worker(path, "250"));
    await Promise.all(workers.map((child) => once(child, "exit")));
    expect((JSON.parse(await readFile(path, "utf8")) as WindowState).cooldownUntilMs).toBe(1_000);
  });

  it("goes on after a process was killed in the middle of a step", async () => {
    const path = join(folder, "account.json");
    store(path).transact((state) => (state.limit = 9));
    const child = worker(path, "hold");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    // The tool that runs the worker would outlive it: the worker itself is named in the lock.
    const lock = await readFile(`${path}.lock`, "utf8");
    process.kill(Number.parseInt(lock, 10), "SIGKILL");
    await once(child, "exit");
    expect(store(path).transact((state) => state.limit)).toBe(9);
    expect(await readdir(folder)).toEqual(["account.json"]);
    expect(waitedMs).toBe(BROKEN_AFTER_MS);
  });

  it("is this process's own from the first trouble on, and says so once", async () => {
    const path = join(folder, "file", "account.json");
    await writeFile(join(folder, "file"), "no folder");
    const ledger = store(path);
    for (let at = 0; at < 3; at++) ledger.transact((state) => (state.cooldownUntilMs += 1));
    expect(ledger.transact((state) => state.cooldownUntilMs)).toBe(3);
    expect(ledger.shared).toBe(false);
    expect(troubles).toEqual([expect.stringMatching(/account\.json: ENOTDIR$/)]);
  });

  it("keeps what it knew when the file can no longer be written", async () => {
    const path = join(folder, "account.json");
    const ledger = store(path);
    ledger.transact((state) => (state.limit = 4));
    await chmod(path, 0o400);
    await rm(folder, { recursive: true });
    await writeFile(folder, "");
    expect(ledger.transact((state) => state.limit)).toBe(4);
    expect(troubles).toHaveLength(1);
  });

  it("passes on what a step itself throws, and unlocks", () => {
    const ledger = store();
    const step = () => {
      throw new Error("in the step");
    };
    expect(() => ledger.transact(step)).toThrow("in the step");
    expect(ledger.transact(copy)).toEqual(emptyWindow());
    expect(troubles).toEqual([]);
  });

  it("breaks a lock whose holder stays the same for a second, and no other", async () => {
    const path = join(folder, "account.json");
    const holders = ["1 living", "1 renewed", ""];
    for (const holder of holders) {
      await writeFile(`${path}.lock`, holder);
      const startedMs = waitedMs;
      store(path).transact((state) => (state.cooldownUntilMs += 1));
      expect(waitedMs - startedMs, holder).toBe(BROKEN_AFTER_MS);
    }
    let renewals = 0;
    const waiting = {
      nowMs: () => waitedMs,
      pause(ms: number) {
        waitedMs += ms;
        if (waitedMs % 900 === 0) writeFileSync(`${path}.lock`, `1 renewed ${++renewals}`);
      },
    };
    writeFileSync(`${path}.lock`, "1 busy");
    const busy = fileWindowStore({ path, waiting, onTrouble: (reason) => troubles.push(reason) });
    busy.transact((state) => (state.cooldownUntilMs += 1));
    expect(troubles).toEqual([expect.stringMatching(/account\.json: ETIMEDOUT$/)]);
    expect(await readFile(`${path}.lock`, "utf8")).toBe(`1 renewed ${renewals}`);
    expect((JSON.parse(await readFile(path, "utf8")) as WindowState).cooldownUntilMs).toBe(3);
  });

  it("repeats a step in which its process was stopped for so long that another took the lock", async () => {
    const path = join(folder, "account.json");
    const seen: number[] = [];
    const stopped = store(path);
    const value = stopped.transact((state) => {
      seen.push(state.cooldownUntilMs);
      if (seen.length === 1) store(path).transact((other) => (other.cooldownUntilMs = 100));
      return (state.cooldownUntilMs += 1);
    });
    expect({ value, seen }).toEqual({ value: 101, seen: [0, 100] });
    expect(store(path).transact(copy).cooldownUntilMs).toBe(101);
    expect(await readdir(folder)).toEqual(["account.json"]);
    expect(troubles).toEqual([]);
  });

  it("leaves the lock of another process alone that took it meanwhile", async () => {
    const path = join(folder, "account.json");
    store(path).transact(() => {
      waitedMs += 100;
      writeFileSync(`${path}.lock`, "2 another");
    });
    expect(await readFile(`${path}.lock`, "utf8")).toBe("2 another");
  });

  it.each<[string, string, (path: string) => unknown]>([
    ["is a folder", "EISDIR", (path) => mkdirSync(path)],
    ["has a name that is too long", "ENAMETOOLONG", () => undefined],
    [
      "has a folder as its lock",
      "EISDIR",
      (path) => mkdirSync(join(`${path}.lock`, "full"), { recursive: true }),
    ],
    ["has a lock that leads nowhere", "ETIMEDOUT", (path) => symlinkSync("/nowhere/at/all", `${path}.lock`)],
    ["has itself as its lock's target", "ELOOP", (path) => symlinkSync(`${path}.lock`, `${path}.lock`)],
  ])("that %s is this process's own after two seconds at most (%s)", (_, code, prepare) => {
    const path = join(folder, code === "ENAMETOOLONG" ? "a".repeat(300) : "account.json");
    prepare(path);
    const ledger = store(path);
    for (let at = 1; at <= 3; at++) expect(ledger.transact((state) => (state.cooldownUntilMs += 1))).toBe(at);
    expect(waitedMs).toBeLessThanOrEqual(2_000);
    expect(troubles).toEqual([`${path}: ${code}`]);
  });

  describe("in a folder that cannot be written", () => {
    /** Takes steps after the folder was protected. @returns the path. */
    const protectedSteps = (skip: (note: string) => never, lock?: string): string => {
      const path = join(folder, "small", "account.json");
      const disk = tinyDisk(dirname(path)) ?? skip(NO_DISK);
      try {
        if (lock !== undefined) writeFileSync(`${path}.lock`, lock);
        disk.protect();
        const ledger = store(path);
        for (let at = 1; at <= 3; at++)
          expect(ledger.transact((state) => (state.cooldownUntilMs += 1))).toBe(at);
      } finally {
        disk.dispose();
      }
      return path;
    };

    it("is this process's own", ({ skip }) => {
      const path = protectedSteps(skip);
      expect({ waitedMs, troubles }).toEqual({ waitedMs: 0, troubles: [`${path}: EROFS`] });
    });

    it("is this process's own after a second, if a lock was left there", ({ skip }) => {
      const path = protectedSteps(skip, "1 dead");
      expect({ waitedMs, troubles }).toEqual({ waitedMs: 1_000, troubles: [`${path}: EROFS`] });
    });
  });
});
