import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileWindowStore } from "../../../../provider/api/rateLimit/fileWindow";
import { emptyWindow, type WindowState } from "../../../../provider/api/rateLimit/windowState";
import { NO_DISK, tinyDisk } from "../../tinyDisk";

const TSX = join(__dirname, "../../../../node_modules/tsx/dist/cli.mjs");
const WORKER = join(__dirname, "fileWindowWorker.ts");

let folder: string;
const troubles: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "window-"));
  troubles.length = 0;
  waitedMs = 0;
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A second and one pause. */
const BROKEN_AFTER_MS = 1_001;

/** How long stores have waited for locks. */
let waitedMs = 0;

function store(path = join(folder, "deep", "account.json")) {
  const waiting = { nowMs: () => waitedMs, pause: (ms: number) => void (waitedMs += ms) };
  return fileWindowStore({ path, waiting, onTrouble: (reason) => troubles.push(reason) });
}

function worker(path: string, count: string): ChildProcess {
  return spawn(process.execPath, [TSX, WORKER, path, count], { stdio: ["ignore", "pipe", "inherit"] });
}

const copy = (state: WindowState) => structuredClone(state);

describe("a shared window file", () => {
  it("creates its folder, keeps the state, and leaves no other file", async () => {
    store().transact((state) => {
      state.limit = 7;
      state.othersSentMs.push(3);
    });
    expect(store().transact(copy)).toEqual({ ...emptyWindow(), limit: 7, othersSentMs: [3] });
    expect(await readdir(join(folder, "deep"))).toEqual(["account.json"]);
    expect(troubles).toEqual([]);
  });

  it.each(["", "{", "[]", '{"entries":1}', '{"entries":[{"id":1}]}'])(
    "treats a damaged file (%j) as an empty window",
    async (text) => {
      const path = join(folder, "account.json");
      await writeFile(path, text);
      expect(store(path).transact(copy)).toEqual(emptyWindow());
    },
  );

  it("keeps requests of processes that no longer run", async () => {
    const path = join(folder, "account.json");
    const entries = [{ id: "999999999-x-1", sentMs: 1 }];
    const waiting = { "999999999-x": { askedMs: [1], seenMs: 1 } };
    await writeFile(path, JSON.stringify({ ...emptyWindow(), entries, waiting }));
    expect(store(path).transact(copy)).toMatchObject({ entries, waiting });
  });

  it("loses no step of four processes that write at the same time", async () => {
    const path = join(folder, "account.json");
    const workers = Array.from({ length: 4 }, () => worker(path, "250"));
    await Promise.all(workers.map((child) => once(child, "exit")));
    expect((JSON.parse(await readFile(path, "utf8")) as WindowState).cooldownUntilMs).toBe(1_000);
  });

  it("continues after a process was killed in the middle of a step", async () => {
    const path = join(folder, "account.json");
    store(path).transact((state) => (state.limit = 9));
    const child = worker(path, "hold");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    // The spawned process is the tool that runs the worker; the lock has the worker's own process id.
    const lock = await readFile(`${path}.lock`, "utf8");
    process.kill(Number.parseInt(lock, 10), "SIGKILL");
    await once(child, "exit");
    expect(store(path).transact((state) => state.limit)).toBe(9);
    expect(await readdir(folder)).toEqual(["account.json"]);
    expect(waitedMs).toBe(BROKEN_AFTER_MS);
  });

  it("is kept in memory from the first error on, which is reported once", async () => {
    const path = join(folder, "file", "account.json");
    await writeFile(join(folder, "file"), "no folder");
    const shared = store(path);
    for (let at = 0; at < 3; at++) shared.transact((state) => (state.cooldownUntilMs += 1));
    expect(shared.transact((state) => state.cooldownUntilMs)).toBe(3);
    expect(shared.shared).toBe(false);
    expect(troubles).toEqual([expect.stringMatching(/account\.json: ENOTDIR$/)]);
  });

  it("keeps its state when the file can no longer be written", async () => {
    const path = join(folder, "account.json");
    const shared = store(path);
    shared.transact((state) => (state.limit = 4));
    await chmod(path, 0o400);
    await rm(folder, { recursive: true });
    await writeFile(folder, "");
    expect(shared.transact((state) => state.limit)).toBe(4);
    expect(troubles).toHaveLength(1);
  });

  it("rethrows the error of a step, and unlocks", () => {
    const shared = store();
    const step = () => {
      throw new Error("in the step");
    };
    expect(() => shared.transact(step)).toThrow("in the step");
    expect(shared.transact(copy)).toEqual(emptyWindow());
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

  it("repeats a step if another process broke the lock meanwhile", async () => {
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

  it("does not release the lock of another process that took it meanwhile", async () => {
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
  ])("that %s is kept in memory after two seconds at most (%s)", (_, code, prepare) => {
    const path = join(folder, code === "ENAMETOOLONG" ? "a".repeat(300) : "account.json");
    prepare(path);
    const shared = store(path);
    for (let at = 1; at <= 3; at++) expect(shared.transact((state) => (state.cooldownUntilMs += 1))).toBe(at);
    expect(waitedMs).toBeLessThanOrEqual(2_000);
    expect(troubles).toEqual([`${path}: ${code}`]);
  });

  describe("in a folder that cannot be written", () => {
    /** Takes steps in a write-protected folder. @returns the path. */
    const protectedSteps = (skip: (note: string) => never, lock?: string): string => {
      const path = join(folder, "small", "account.json");
      const disk = tinyDisk(dirname(path)) ?? skip(NO_DISK);
      try {
        if (lock !== undefined) writeFileSync(`${path}.lock`, lock);
        disk.protect();
        const shared = store(path);
        for (let at = 1; at <= 3; at++)
          expect(shared.transact((state) => (state.cooldownUntilMs += 1))).toBe(at);
      } finally {
        disk.dispose();
      }
      return path;
    };

    it("is kept in memory", ({ skip }) => {
      const path = protectedSteps(skip);
      expect({ waitedMs, troubles }).toEqual({ waitedMs: 0, troubles: [`${path}: EROFS`] });
    });

    it("is kept in memory after a second, if it holds a stale lock", ({ skip }) => {
      const path = protectedSteps(skip, "1 dead");
      expect({ waitedMs, troubles }).toEqual({ waitedMs: 1_000, troubles: [`${path}: EROFS`] });
    });
  });
});
