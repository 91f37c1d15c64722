import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { acquireMutex, isHeld, type Mutex } from "../../../../provider/cli/stack/mutex";

const worker = join(__dirname, "mutexWorker.ts");

let folder: string;
const started: { end: (signal: NodeJS.Signals) => void }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mutex-"));
});
afterEach(() => {
  for (const { end } of started.splice(0)) end("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A process that wants the mutex once it is told to. */
async function contender(name = "stack") {
  const child = spawn(process.execPath, ["--import", "tsx", worker, folder, name], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  const contending = {
    pid: child.pid ?? 0,
    want: async () => {
      child.stdin.write("\n");
      return next();
    },
    leave: async () => {
      child.stdin.end();
      await once(child, "exit");
    },
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
  started.push({ end: (signal) => child.kill(signal) });
  expect(await next()).toBe("ready");
  return contending;
}

function acquired(name = "stack"): Mutex {
  const mutex = acquireMutex(folder, name);
  if (isHeld(mutex)) throw new Error(`It is held by ${mutex.pid}.`);
  return mutex;
}

it("of processes that want it at once one gets it, and the others are told which", async () => {
  const all = await Promise.all([contender(), contender(), contender()]);
  const answers = await Promise.all(all.map(({ want }) => want()));
  const winner = all[answers.indexOf("acquired")];
  expect(answers.toSorted()).toEqual(["acquired", `held by ${winner?.pid}`, `held by ${winner?.pid}`]);
  await Promise.all(all.map(({ leave }) => leave()));
  expect(readdirSync(folder)).toEqual([]);
});

it("is taken from a process that was killed, by one of those that want it", async () => {
  const first = await contender();
  expect(await first.want()).toBe("acquired");
  const [second, third] = await Promise.all([contender(), contender()]);
  await first.kill();
  const answers = await Promise.all([second.want(), third.want()]);
  expect(answers.toSorted()[0]).toBe("acquired");
  expect(answers.toSorted()[1]).toMatch(/^held by /);
  await Promise.all([second.leave(), third.leave()]);
});

it("is free again once it was given back, and each name is one of its own", () => {
  const one = acquired("one");
  const two = acquired("two");
  expect(acquireMutex(folder, "one")).toEqual({ pid: process.pid });
  one.release();
  acquired("one").release();
  two.release();
  expect(readdirSync(folder)).toEqual([]);
});

it("is given back only by the one who has it", () => {
  const first = acquired();
  const [file = ""] = readdirSync(folder);
  writeFileSync(join(folder, file), `${process.ppid} another`);
  first.release();
  expect(readFileSync(join(folder, file), "utf8")).toBe(`${process.ppid} another`);
});

it.runIf(process.platform === "linux")(
  "is taken from a process whose number another one has been given",
  () => {
    acquired();
    const [file = ""] = readdirSync(folder);
    // Long before this process, which has the number, has started.
    utimesSync(join(folder, file), 1_000_000, 1_000_000);
    expect(isHeld(acquireMutex(folder, "stack"))).toBe(false);
  },
);

it("is taken where what stands there is no process", () => {
  acquired();
  const [file = ""] = readdirSync(folder);
  const taken = ["", "nobody", "-1 x", "0 x"].map((text) => {
    writeFileSync(join(folder, file), text);
    return isHeld(acquireMutex(folder, "stack"));
  });
  expect(taken).toEqual([false, false, false, false]);
});

it("keeps nobody away where the folder cannot be written", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const both = [0, 1].map(() => acquireMutex(join(file, "below"), "stack"));
  expect(both.map(isHeld)).toEqual([false, false]);
});
