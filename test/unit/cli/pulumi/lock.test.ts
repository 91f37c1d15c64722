import { describe, expect, it } from "vitest";
import { holdersIn, UNKNOWN_HOLDER } from "../../../../provider/cli/pulumi/lock";

const SINCE = "2026-11-24T13:12:04Z";
const SINCE_MS = Date.parse(SINCE);

/** What the CLI prints of a locked stack, as the Automation API hands it on: in both streams. */
function messageAbout(...lines: readonly string[]): string {
  const said = `error: the stack is currently locked by ${lines.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.${lines.map((line) => `\n  ${line}`).join("")}`;
  return `code: 255\n stdout: ${said}\n stderr: ${said}\n err?: Error: Command failed with exit code 255`;
}

const ANN_ID = "file:///state/.pulumi/locks/organization/app/dev/1.json";
const ann = `${ANN_ID}: created by ann@laptop (pid 4711) at ${SINCE}`;

describe("who holds a lock", () => {
  it("is read from the CLI's message, once", () => {
    expect(holdersIn(messageAbout(ann))).toEqual([
      { id: ANN_ID, who: "ann@laptop (pid 4711)", sinceMs: SINCE_MS },
    ]);
  });

  it("may be several, each with the instant in the zone of its machine", () => {
    const bob =
      "s3://bucket/.pulumi/locks/organization/app/dev/2.json: created by DOMAIN\\bob@runner-7.ci.example (pid 9) at 2026-11-24T15:12:05+02:00";
    expect(holdersIn(messageAbout(ann, bob))).toEqual([
      { id: ANN_ID, who: "ann@laptop (pid 4711)", sinceMs: SINCE_MS },
      {
        id: "s3://bucket/.pulumi/locks/organization/app/dev/2.json",
        who: "DOMAIN\\bob@runner-7.ci.example (pid 9)",
        sinceMs: SINCE_MS + 1_000,
      },
    ]);
  });

  it("may be a user whose name has blanks", () => {
    expect(holdersIn(messageAbout(ann.replace("ann@", "Ann Lee@")))).toMatchObject([
      { who: "Ann Lee@laptop (pid 4711)" },
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
      { id: ANN_ID, who: "ann@laptop (pid 4711)", sinceMs: undefined },
    ]);
  });

  it("is unknown where the backend says no more than that there is one", () => {
    expect(holdersIn("[409] Conflict: Another update is currently in progress.")).toEqual([UNKNOWN_HOLDER]);
  });
});
