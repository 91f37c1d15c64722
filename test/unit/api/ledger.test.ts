import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ledgerStore } from "../../../provider/api/ledger";
import { emptyWindow, type WindowState } from "../../../provider/api/rateWindow";

const TSX = join(__dirname, "../../../node_modules/tsx/dist/cli.mjs");
const WORKER = join(__dirname, "ledgerWorker.ts");

let folder: string;
const troubles: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-"));
  troubles.length = 0;
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function store(path = join(folder, "deep", "account.json")) {
  return ledgerStore({ path, nowMs: () => 5_000, onTrouble: (reason) => troubles.push(reason) });
}

function worker(path: string, count: string): ChildProcess {
  return spawn(process.execPath, [TSX, WORKER, path, count], { stdio: ["ignore", "pipe", "inherit"] });
}

const copy = (state: WindowState) => structuredClone(state);

describe("a ledger", () => {
  it("makes its folder, remembers, and leaves nothing else behind", async () => {
    store().transact((state) => {
      state.limit = 7;
      state.foreignMs.push(3);
    });
    expect(store().transact(copy)).toEqual({ ...emptyWindow(), limit: 7, foreignMs: [3] });
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

  it("concludes the requests of a process that died", async () => {
    const path = join(folder, "account.json");
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const entries = [
      { id: `${child.pid}-x-1`, sentMs: 1 },
      { id: `${process.pid}-x-1`, sentMs: 2 },
    ];
    await writeFile(path, JSON.stringify({ ...emptyWindow(), entries }));
    expect(store(path).transact(copy).entries).toEqual([{ ...entries[0], answeredMs: 5_000 }, entries[1]]);
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
});
