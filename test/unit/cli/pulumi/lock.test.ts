import { hostname, userInfo } from "node:os";
import { describe, expect, it } from "vitest";
import { holdersIn, isDead, UNKNOWN_HOLDER, type Liveness } from "../../../../provider/cli/pulumi/lock";

const SINCE = "2026-11-24T13:12:04Z";
const SINCE_MS = Date.parse(SINCE);

/** What the CLI prints of a locked stack, as the Automation API hands it on: in both streams. */
function messageAbout(...lines: readonly string[]): string {
  const said = `error: the stack is currently locked by ${lines.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.${lines.map((line) => `\n  ${line}`).join("")}`;
  return `code: 255\n stdout: ${said}\n stderr: ${said}\n err?: Error: Command failed with exit code 255`;
}

const ann = `file:///state/.pulumi/locks/organization/app/dev/1.json: created by ann@laptop (pid 4711) at ${SINCE}`;

describe("who holds a lock", () => {
  it("is read from the CLI's message, once", () => {
    expect(holdersIn(messageAbout(ann))).toEqual([
      { who: "ann@laptop (pid 4711)", user: "ann", host: "laptop", pid: 4_711, sinceMs: SINCE_MS },
    ]);
  });

  it("may be several, each with the instant in the zone of its machine", () => {
    const bob =
      "s3://bucket/.pulumi/locks/organization/app/dev/2.json: created by DOMAIN\\bob@runner-7.ci.example (pid 9) at 2026-11-24T15:12:05+02:00";
    expect(holdersIn(messageAbout(ann, bob))).toEqual([
      { who: "ann@laptop (pid 4711)", user: "ann", host: "laptop", pid: 4_711, sinceMs: SINCE_MS },
      {
        who: "DOMAIN\\bob@runner-7.ci.example (pid 9)",
        user: "DOMAIN\\bob",
        host: "runner-7.ci.example",
        pid: 9,
        sinceMs: SINCE_MS + 1_000,
      },
    ]);
  });

  it("may be a user whose name has blanks", () => {
    expect(holdersIn(messageAbout(ann.replace("ann@", "Ann Lee@")))).toMatchObject([
      { who: "Ann Lee@laptop (pid 4711)", user: "Ann Lee", host: "laptop" },
    ]);
  });

  it("is two when one process has taken it twice", () => {
    const later = ann.replace("13:12:04", "13:12:09");
    expect(holdersIn(messageAbout(ann, later)).map(({ sinceMs }) => sinceMs)).toEqual([
      SINCE_MS,
      SINCE_MS + 5_000,
    ]);
  });

  it("may stay since an instant that cannot be read", () => {
    expect(holdersIn(messageAbout(ann.replace(SINCE, "noon")))).toEqual([
      { who: "ann@laptop (pid 4711)", user: "ann", host: "laptop", pid: 4_711, sinceMs: undefined },
    ]);
  });

  it("is unknown where the backend says no more than that there is one", () => {
    expect(holdersIn("[409] Conflict: Another update is currently in progress.")).toEqual([UNKNOWN_HOLDER]);
    expect(isDead(UNKNOWN_HOLDER)).toBe(false);
  });
});

describe("the process behind a lock", () => {
  const holder = { who: "ann@laptop (pid 4711)", user: "ann", host: "laptop", pid: 4_711, sinceMs: SINCE_MS };
  const here = (changes: Partial<Liveness> = {}): Liveness => ({
    user: "ann",
    host: "laptop",
    isAlive: (pid) => pid !== 4_711,
    startedMs: () => undefined,
    ...changes,
  });
  const alive = { isAlive: () => true };

  it("is dead when this machine has it no more", () => {
    expect(isDead(holder, here())).toBe(true);
  });

  it("is not known to be dead when it ran on another machine", () => {
    expect(isDead({ ...holder, host: "runner" }, here())).toBe(false);
    expect(isDead({ ...holder, host: undefined }, here())).toBe(false);
    expect(isDead({ ...holder, host: "Laptop" }, here())).toBe(false);
  });

  it("is not known to be dead when it is another user's: two machines may have one name", () => {
    expect(isDead({ ...holder, user: "bob" }, here())).toBe(false);
  });

  it.each(["localhost", "localhost.localdomain", ""])(
    "is not known to be dead when its machine has a name that many have: %j",
    (host) => {
      expect(isDead({ ...holder, host }, here({ host }))).toBe(false);
    },
  );

  it("is not known to be dead while it runs, whenever it started before the lock", () => {
    for (const startedMs of [undefined, 0, SINCE_MS, SINCE_MS + 1_999]) {
      expect(isDead(holder, here({ ...alive, startedMs: () => startedMs }))).toBe(false);
    }
  });

  it("is dead when its number belongs to a process that started after the lock was taken", () => {
    expect(isDead(holder, here({ ...alive, startedMs: () => SINCE_MS + 60_000 }))).toBe(true);
  });

  it("is not known to be dead when the lock does not say since when", () => {
    const undated = { ...holder, sinceMs: undefined };
    expect(isDead(undated, here({ ...alive, startedMs: () => SINCE_MS + 60_000 }))).toBe(false);
  });

  it("is this very one when the lock says so", () => {
    const own = {
      who: "me",
      user: userInfo().username,
      host: hostname(),
      pid: process.pid,
      sinceMs: Date.now(),
    };
    expect(isDead(own)).toBe(false);
  });
});
