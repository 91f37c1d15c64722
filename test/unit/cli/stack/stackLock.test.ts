import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UNKNOWN_HOLDER, type LockHolder } from "../../../../provider/cli/pulumi/lock";
import { breakOldLocks, BusyError, requireUnlocked } from "../../../../provider/cli/stack/stackLock";
import type { StackContext } from "../../../../provider/cli/stack/stackContext";
import { NOW_MS } from "../../fixture";

const MINUTE_MS = 60_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hold-"));
  mkdirSync(dirname(stateFile()), { recursive: true });
  writeFileSync(stateFile(), "{}");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const stateFile = () => join(folder, ".pulumi/stacks/app/dev.json");

/** A lock's file that is this old, by its own word and by that of the file system. */
function lockFile(name: string, ageMs: number, fileAgeMs = ageMs): string {
  const file = join(folder, ".pulumi/locks/organization/app/dev", `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  const timestamp = new Date(NOW_MS - ageMs).toISOString();
  writeFileSync(file, JSON.stringify({ pid: 1, username: "ann", hostname: name, timestamp }));
  const writtenS = (NOW_MS - fileAgeMs) / 1_000;
  utimesSync(file, writtenS, writtenS);
  return file;
}

const holder = (who: string, ageMs: number): LockHolder => ({
  id: `s3://locks/${who}.json`,
  who,
  sinceMs: NOW_MS - ageMs,
});

interface Scene {
  /** The value of `--break-locks-older-than`. */
  olderThanMs?: number;
  commandLine?: readonly string[];
  /** The locks at each look; the last look's for all later ones. Default: those of the folder. */
  looks?: readonly (readonly LockHolder[])[];
  stack?: string;
  cwd?: string;
  /** Default: the folder, or another backend where there are looks. */
  backendUrl?: string;
}

function scene({
  olderThanMs,
  commandLine = ["cleanup", "--stack", "*", "--yes"],
  looks,
  stack = "dev",
  cwd,
  backendUrl,
}: Scene) {
  const notes: string[] = [];
  const did: string[] = [];
  const stop = new AbortController();
  let look = 0;
  const task = {
    stack,
    projectName: "app",
    backendUrl: backendUrl ?? (looks === undefined ? `file://${folder}` : "s3://locks"),
    breakLocksOlderThanMs: olderThanMs,
    project: {
      folder: cwd ?? process.cwd(),
      lockHolders: () => Promise.resolve(looks?.[Math.min(look++, looks.length - 1)] ?? []),
      breakLocks: () => Promise.resolve(void did.push("cancel")),
    },
    world: {
      commandLine,
      clock: { nowMs: () => NOW_MS, sleep: () => Promise.resolve(void did.push("sleep")) },
      random: () => 0.5,
      stop: stop.signal,
      terminal: { note: (line: string) => notes.push(line) },
    },
  } as unknown as StackContext;
  const hold = () => breakOldLocks(task, () => Promise.resolve(0)).then(() => did.push("work"));
  return { task, did, notes, hold, stop };
}

async function refusal(work: Promise<unknown>): Promise<BusyError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BusyError);
  return error as BusyError;
}

describe("a stack's lock in a folder", () => {
  it("is broken when it is as old as the user says, and then the work is done", async () => {
    const file = lockFile("laptop", 10 * MINUTE_MS);
    const { hold, did, notes } = scene({ olderThanMs: 10 * MINUTE_MS });
    await hold();
    expect(did).toEqual(["work"]);
    expect(existsSync(file)).toBe(false);
    expect(notes).toEqual([
      `dev: breaking a lock: ann@laptop (pid 1) since ${new Date(NOW_MS - 10 * MINUTE_MS).toISOString()}, 10 min ago.`,
    ]);
  });

  it.each<[string, number | undefined, number, number?]>([
    ["the user says nothing", undefined, 86_400_000],
    ["it is younger", 10 * MINUTE_MS, 10 * MINUTE_MS - 1],
    ["it is younger by its own clock", 10 * MINUTE_MS, 1, 20 * MINUTE_MS],
    ["it is younger by the file system's clock", 10 * MINUTE_MS, 20 * MINUTE_MS, 1],
    ["it comes from the future, with any age from the user", 0, -MINUTE_MS, 0],
  ])("is kept when %s", async (_, olderThanMs, ageMs, fileAgeMs) => {
    const file = lockFile("laptop", ageMs, fileAgeMs);
    const { hold, did } = scene(olderThanMs === undefined ? {} : { olderThanMs });
    await refusal(hold());
    expect([did, existsSync(file)]).toEqual([[], true]);
  });

  it("is kept when this machine's clock is ahead, or a Ctrl-C comes while that is looked up", async () => {
    const file = lockFile("laptop", 20 * MINUTE_MS);
    const { task, stop } = scene({ olderThanMs: 10 * MINUTE_MS });
    const { why } = await refusal(breakOldLocks(task, () => Promise.resolve(11 * MINUTE_MS)));
    expect(why).toMatch(/this machine's clock is 11 min ahead/);
    const interrupted = () => Promise.resolve(0).finally(() => stop.abort(new Error("stopped")));
    await expect(breakOldLocks(task, interrupted)).rejects.toThrow("stopped");
    expect(existsSync(file)).toBe(true);
  });

  it("is kept when another one of the stack is younger: all are named", async () => {
    const files = [lockFile("old", 20 * MINUTE_MS), lockFile("young", 5_000)];
    const { hold, did } = scene({ olderThanMs: 10 * MINUTE_MS });
    const { why } = await refusal(hold());
    expect(why).toMatch(/^Stack dev is locked by ann@old .*, 20 min ago, ann@young .*, 5 s ago\.$/);
    expect([did, files.map((file) => existsSync(file))]).toEqual([[], [true, true]]);
  });

  it("that is taken while old ones are broken stays, and nothing is done", async () => {
    const old = lockFile("old", 20 * MINUTE_MS);
    const { task, hold, did } = scene({ olderThanMs: 10 * MINUTE_MS });
    let fresh = "";
    task.world.terminal.note = () => (fresh = lockFile("fresh", 0));
    expect((await refusal(hold())).why).toContain("ann@fresh (pid 1)");
    expect([did, existsSync(old), existsSync(fresh)]).toEqual([[], false, true]);
  });

  it("that is renewed right before it is broken stays, and nothing is done", async () => {
    const file = lockFile("laptop", 20 * MINUTE_MS);
    const { task, hold, did } = scene({ olderThanMs: 10 * MINUTE_MS });
    task.world.terminal.note = () => lockFile("laptop", 0);
    await refusal(hold());
    expect([did, existsSync(file)]).toEqual([[], true]);
  });
});

describe("a lock that Pulumi sees and the folder of the URL does not have", () => {
  const looks = [[holder("ann@laptop (pid 1)", 9_000)]];

  it("keeps the work away where the folder does not have the stack's state", async () => {
    rmSync(stateFile());
    const { hold, did } = scene({ backendUrl: `file://${folder}`, looks });
    expect((await refusal(hold())).why).toContain("ann@laptop (pid 1)");
    expect(did).toEqual([]);
  });

  it.each(["?prefix=team/", "#", "/%2e"])(
    "keeps the work away where Pulumi may read the URL differently: %s",
    async (tail) => {
      const { hold, did } = scene({ backendUrl: `file://${folder}${tail}`, looks });
      expect((await refusal(hold())).why).toContain("ann@laptop (pid 1)");
      expect(did).toEqual([]);
    },
  );
});

describe("a stack's lock in another backend", () => {
  const old = holder("ann@old (pid 1)", 20 * MINUTE_MS);
  const young = holder("bob@young (pid 2)", 9_000);
  const olderThanMs = 10 * MINUTE_MS;

  it("is looked at again right before all locks are cancelled, and after that", async () => {
    const { hold, did } = scene({ olderThanMs, looks: [[old], [old], []] });
    await hold();
    expect(did).toEqual(["cancel", "work"]);
  });

  it("needs no cancelling when another command was quicker", async () => {
    const { hold, did } = scene({ olderThanMs, looks: [[old], []] });
    await hold();
    expect(did).toEqual(["work"]);
  });

  it.each<[string, LockHolder[][]]>([
    ["is young", [[young]]],
    ["stands beside a young one", [[old, young]]],
    ["is another one at the second look", [[old], [young]]],
    ["is another old one at the second look", [[old], [{ ...old, id: "s3://locks/other.json" }]]],
    ["is renewed at the second look", [[old], [{ ...old, sinceMs: NOW_MS - 9_000 }]]],
  ])("is not cancelled when it %s", async (_, looks) => {
    const { hold, did } = scene({ olderThanMs, looks });
    await refusal(hold());
    expect(did).toEqual([]);
  });

  it("keeps the work away when there is one again after the old ones were cancelled", async () => {
    const { hold, did } = scene({ olderThanMs, looks: [[old], [old], [young]] });
    await refusal(hold());
    expect(did).toEqual(["cancel"]);
  });

  it("that may be another command's look is looked at again after a moment", async () => {
    const moment = holder("bob@young (pid 2)", 100);
    const gone = scene({ looks: [[moment], [moment], []] });
    await requireUnlocked(gone.task);
    expect(gone.did).toEqual(["sleep", "sleep"]);
    const stays = scene({ looks: [[moment]] });
    await refusal(requireUnlocked(stays.task));
  });

  it("of which nothing is known is never broken", async () => {
    const { hold } = scene({ olderThanMs: 0, looks: [[UNKNOWN_HOLDER]] });
    expect(await refusal(hold())).toMatchObject({
      why: "Stack dev is locked by an update that is in progress.",
      nextStep: expect.stringMatching(/`pulumi cancel --stack dev`\.$/),
    });
  });
});

describe("what a person can do about a lock", () => {
  const nextStep = async (options: Scene) => (await refusal(scene(options).hold())).nextStep;

  it("is one of two commands, exactly as they have to be typed", async () => {
    lockFile("laptop", 5_000);
    expect(await nextStep({ commandLine: ["cleanup", "--stack", "pr-*", "--yes"] })).toBe(
      "Wait for that run to end, then run the command again. If it is dead, break its lock with `pulumi cancel --stack dev`, or, once it is older than any run takes, with `npx pulumi-electronhub cleanup --stack 'pr-*' --yes --break-locks-older-than 6h`.",
    );
  });

  it("names the folder where the command runs elsewhere, and an age once", async () => {
    lockFile("laptop", 5_000);
    const age = "--break-locks-older-than";
    const said = await nextStep({
      cwd: "/srv/it's here",
      commandLine: ["recover", "--dir", "/srv/it's here", age, "3h", `${age}=4h`],
      olderThanMs: MINUTE_MS,
    });
    expect(said).toContain(String.raw`pulumi cancel --stack dev --cwd '/srv/it'\''s here'`);
    expect(said).toContain(String.raw`recover --dir '/srv/it'\''s here' ${age} 6h`);
  });
});
