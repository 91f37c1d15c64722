import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileBackend, type Damage } from "../../../../provider/cli/pulumi/fileBackend";

let root: string;
let backend: FileBackend;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "backend-"));
  backend = new FileBackend(root);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const path = (file: string) => join(root, ".pulumi", file);

function put(file: string, text: string | Buffer): string {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), text);
  return path(file);
}

/** A state, as of then. */
function state(time: string, resources: object[] = []): string {
  return JSON.stringify({
    version: 3,
    checkpoint: { stack: "dev", latest: { manifest: { time }, resources } },
  });
}

const half = (text: string) => text.slice(0, text.length / 2);
const LOCK = { pid: 4_711, username: "ann", hostname: "laptop", timestamp: "2026-11-24T13:12:04Z" };

/** What is damaged, in short. */
function damaged(project?: string): string[] {
  return backend.damages(project).map(({ kind, stack }) => `${kind} of ${stack}`);
}

function onlyDamage(): Damage {
  const [damage, ...others] = backend.damages();
  expect(others).toEqual([]);
  if (damage === undefined) throw new Error("Nothing is damaged.");
  return damage;
}

describe("a backend in a folder", () => {
  const folderOf = (url: string, folder = root) => FileBackend.at(url, folder)?.folder;

  it.each([
    ["file:///srv/state", "/srv/state"],
    ["file:///srv/state?no_tmp_dir=true", "/srv/state"],
    ["file:///srv/my%20state", "/srv/my state"],
    ["file:///srv/%23state", "/srv/#state"],
    ["file://~", homedir()],
    ["file://~/state?metadata=skip", join(homedir(), "state")],
  ])("%s is %s", (url, folder) => {
    expect(folderOf(url)).toBe(folder);
  });

  it("of a relative URL is below the program's folder", () => {
    expect(folderOf("file://./state", "/srv/app")).toBe("/srv/app/state");
    expect(folderOf("file://state?a=b", "/srv/app")).toBe("/srv/app/state");
    expect(folderOf("file://../state", "/srv/app")).toBe("/srv/state");
  });

  it("is no other kind of backend", () => {
    for (const url of [
      "s3://bucket",
      "https://api.pulumi.com",
      "gs://bucket/file://x",
      "postgres://host/db",
      "",
    ])
      expect(folderOf(url), url).toBeUndefined();
  });

  it("that is not there has no damage and no lock", () => {
    expect(new FileBackend(join(root, "nowhere")).damages()).toEqual([]);
    expect(new FileBackend(join(root, "nowhere")).locks("app/dev")).toEqual([]);
  });
});

describe("damage", () => {
  const whole = state("2026-11-24T10:00:00Z");

  it("is none in a backend whose files are whole", () => {
    put("meta.yaml", "version: 1\n");
    put("stacks/app/dev.json", whole);
    put("stacks/app/dev.json.attrs", "{}");
    put("stacks/app/packed.json.gz", gzipSync(whole));
    put("stacks/app/old.json.bak", half(whole));
    put("stacks/app/old.json.damaged", half(whole));
    put("locks/organization/app/dev/1.json", JSON.stringify(LOCK));
    put("locks/organization/app/dev/1.json.attrs", "{}");
    expect(backend.damages()).toEqual([]);
  });

  it.each<[string, string | Buffer]>([
    ["empty", ""],
    ["cut off", half(whole)],
    ["nothing but blocks that were never written", "\0".repeat(400)],
  ])("is a state that is %s", (_, text) => {
    put("stacks/app/dev.json", text);
    put("stacks/app/whole.json", whole);
    expect(onlyDamage()).toEqual({ kind: "state", file: path("stacks/app/dev.json"), stack: "app/dev" });
  });

  it("is a packed state that was cut off", () => {
    put("stacks/app/dev.json.gz", gzipSync(whole).subarray(0, 40));
    expect(damaged()).toEqual(["state of app/dev"]);
  });

  it("is a state in the older layout, without a project", () => {
    put("stacks/dev.json", "");
    expect(damaged()).toEqual(["state of dev"]);
    expect(damaged("app")).toEqual(["state of dev"]);
  });

  it("is truncated attributes of a state, and no other truncated file", () => {
    put("stacks/app/dev.json", whole);
    put("stacks/app/dev.json.attrs", "");
    put("stacks/app/dev.json.bak.attrs", "");
    expect(onlyDamage()).toEqual({
      kind: "attributes",
      file: path("stacks/app/dev.json.attrs"),
      stack: "app/dev",
    });
    expect(damaged("app")).toEqual(["attributes of app/dev"]);
    expect(damaged("shop")).toEqual([]);
  });

  it("is listed for one project, or for all", () => {
    for (const stack of ["app/dev", "app/prod", "application/dev"]) put(`stacks/${stack}.json`, "");
    expect(damaged("app").toSorted()).toEqual(["state of app/dev", "state of app/prod"]);
    expect(damaged()).toHaveLength(3);
  });
});

describe("the locks of a stack", () => {
  const MINUTE_MS = 60_000;
  const sinceMs = Date.parse(LOCK.timestamp);

  /** A lock that was written then. */
  function lock(file: string, text: string, writtenMs = sinceMs): string {
    const written = put(`locks/${file}`, text);
    utimesSync(written, writtenMs / 1_000, writtenMs / 1_000);
    return written;
  }

  it("name their process and their time", () => {
    const id = lock("organization/app/dev/1.json", JSON.stringify(LOCK));
    expect(backend.locks("app/dev")).toEqual([{ id, who: "ann@laptop (pid 4711)", sinceMs }]);
  });

  it("are as young as the younger of their time and their file's: clocks differ", () => {
    const later = { ...LOCK, timestamp: new Date(sinceMs + MINUTE_MS).toISOString() };
    lock("organization/app/dev/1.json", JSON.stringify(later));
    lock("organization/app/dev/2.json", JSON.stringify(LOCK), sinceMs + 2 * MINUTE_MS);
    lock("organization/app/dev/3.json", JSON.stringify({ ...LOCK, timestamp: "noon" }), sinceMs);
    const ages = backend.locks("app/dev").map((found) => (found.sinceMs ?? 0) - sinceMs);
    expect(ages).toEqual([MINUTE_MS, 2 * MINUTE_MS, 0]);
  });

  it.each(["", half(JSON.stringify(LOCK)), "{}", '{"pid":"x","hostname":"laptop"}'])(
    "are known by their file where they were cut off: %j",
    (text) => {
      const id = lock("organization/app/dev/1.json", text);
      expect(backend.locks("app/dev")).toEqual([{ id, who: `a truncated lock (${id})`, sinceMs }]);
      expect(backend.damages()).toEqual([]);
    },
  );

  it("print on one line with any text", () => {
    lock("organization/app/dev/1.json", JSON.stringify({ ...LOCK, username: "ann\nprod \u001b[1m" }));
    expect(backend.locks("app/dev")[0]?.who).toBe("ann prod [1m@laptop (pid 4711)");
  });

  it("are no other stack's, in the older layout too", () => {
    lock("organization/app/dev-2/1.json", "");
    lock("organization/shop/dev/1.json", "");
    expect(backend.locks("app/dev")).toEqual([]);
    expect(backend.locks("app/dev-2")).toHaveLength(1);
    lock("dev/1.json", "");
    expect(backend.locks("app/dev")).toHaveLength(1);
  });

  it("are found where Pulumi's library escapes the stack's name", () => {
    lock("organization/app/v1..__0x2f__1.json", JSON.stringify(LOCK));
    expect(backend.locks("app/v1..")).toHaveLength(1);
    expect(backend.locks("app/v1")).toEqual([]);
  });

  it("are removed one by one, each with its attributes, and never one that was renewed", () => {
    const first = lock("organization/app/dev/1.json", JSON.stringify(LOCK));
    put("locks/organization/app/dev/1.json.attrs", "");
    const second = lock("organization/app/dev/2.json", "");
    const seen = backend.locks("app/dev");
    lock("organization/app/dev/2.json", JSON.stringify(LOCK), sinceMs + MINUTE_MS);
    const third = lock("organization/app/dev/3.json", JSON.stringify(LOCK));
    expect(seen.map((found) => backend.removeLock(found))).toEqual([true, false]);
    expect(backend.locks("app/dev").map(({ id }) => id)).toEqual([second, third]);
    expect(readdirSync(dirname(first))).toEqual(["2.json", "3.json"]);
    expect(
      seen.map((found) => backend.removeLock(found)),
      "the first is gone",
    ).toEqual([true, false]);
  });
});

describe("the newest copy of a state", () => {
  /** When the newest copy was saved. */
  const newest = () => {
    const copy = backend.newestCopy(onlyDamage());
    if (copy === undefined) return undefined;
    const bytes = readFileSync(copy);
    const text = (copy.includes(".gz") ? gunzipSync(bytes) : bytes).toString();
    return (JSON.parse(text) as { checkpoint: { latest?: { manifest: { time: string } } } }).checkpoint.latest
      ?.manifest.time;
  };
  beforeEach(() => {
    put("stacks/app/dev.json", "");
  });

  it("is none where there is none that is whole, or of this stack", () => {
    expect(newest()).toBeUndefined();
    put("stacks/app/dev.json.bak", half(state("2026-11-24T10:00:00Z")));
    put("backups/app/dev/dev.1.json", "");
    put("backups/app/dev-2/dev-2.1.json", state("2026-11-24T10:00:00Z"));
    put("history/app/dev/dev-1.history.json", JSON.stringify({ kind: "update", startTime: 1 }));
    expect(newest()).toBeUndefined();
  });

  it.each([
    ["beside it", "stacks/app/dev.json.bak"],
    ["among the backups", "backups/app/dev/dev.1732442400000000000.json"],
    ["in the history", "history/app/dev/dev-1732442400000000000.checkpoint.json"],
  ])("is the one that was saved last, wherever it is: %s", (_, file) => {
    put("stacks/app/dev.json.bak", state("2026-11-24T10:00:02Z"));
    put("backups/app/dev/dev.1.json", state("2026-11-24T10:00:01Z"));
    put("history/app/dev/dev-1.checkpoint.json", state("2026-11-24T10:00:03Z"));
    put(file, state("2026-11-24T10:00:04Z"));
    expect(newest()).toBe("2026-11-24T10:00:04Z");
    expect(backend.newestCopy(onlyDamage())).toBe(path(file));
  });

  it.each([
    ["fractions of a second", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00.5Z"],
    ["zones", "2026-11-24T11:30:00+02:00", "2026-11-24T10:00:00Z"],
    ["zones the other way", "2026-11-24T10:00:00Z", "2026-11-24T09:30:00-01:00"],
  ])("is found by its instant, however it is written: %s", (_, earlier, later) => {
    put("stacks/app/dev.json.bak", state(earlier));
    put("backups/app/dev/dev.1.json", state(later));
    expect(newest()).toBe(later);
  });

  it("is compressed like the state", () => {
    put("stacks/app/dev.json.bak", state("2026-11-24T10:00:00Z"));
    put("backups/app/dev/dev.1.json.gz", gzipSync(state("2026-11-24T10:00:01Z")));
    expect(newest()).toBe("2026-11-24T10:00:00Z");
    rmSync(path("stacks/app/dev.json"));
    put("stacks/app/dev.json.gz", "");
    expect(newest()).toBe("2026-11-24T10:00:01Z");
    put("stacks/app/dev.json.gz.bak", gzipSync(state("2026-11-24T10:00:02Z")));
    expect(newest()).toBe("2026-11-24T10:00:02Z");
  });

  it("may be that of a stack that was only made, if there is no other", () => {
    const bare = JSON.stringify({ version: 3, checkpoint: { stack: "dev" } });
    put("stacks/app/dev.json.bak", bare);
    expect(backend.newestCopy(onlyDamage())).toBe(path("stacks/app/dev.json.bak"));
    put("backups/app/dev/dev.1.json", state("2026-11-24T10:00:00Z"));
    expect(newest()).toBe("2026-11-24T10:00:00Z");
  });
});
