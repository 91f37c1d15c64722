import fs, { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { appendAuditLine, requireAuditLog } from "../../../../provider/lifecycle/auditLog";
import { blockingWait } from "../../../../provider/util/fileLock";
import { NO_DISK, tinyDisk } from "../../tinyDisk";
import { lineAbout } from "./lineAbout";
import { append, namesOf, simulateWaiting, useLog, verified } from "./logFixture";

const log = useLog();

describe("a log that cannot be written", () => {
  it("is refused beforehand if its folder cannot hold the lock", async ({ skip }) => {
    const small = join(log.folder, "small");
    const disk = tinyDisk(small, 64) ?? skip(NO_DISK);
    try {
      expect(() => requireAuditLog(join(small, "audit.jsonl"))).not.toThrow();
      disk.protect();
      expect(() => requireAuditLog(join(small, "audit.jsonl"))).toThrow(/cannot be written \(EROFS\)/);
    } finally {
      disk.dispose();
    }
    mkdirSync(join(`${log.file}.lock`, "full"), { recursive: true });
    expect(() => requireAuditLog(log.file)).toThrow(
      /cannot be written \(EISDIR\), and without it nothing is changed/,
    );
    await expect(append("a", log.file)).rejects.toThrow(/could not be written to the audit log/);
    expect(statSync(log.file).size).toBe(0);
  });

  it("is refused beforehand if it is a link to a full disk", async ({ skip }) => {
    const small = join(log.folder, "small");
    const disk = tinyDisk(small, 4) ?? skip(NO_DISK);
    try {
      symlinkSync(join(small, "audit.jsonl"), log.file);
      expect(() => requireAuditLog(log.file)).toThrow(/cannot be written \(ENOSPC\)/);
    } finally {
      disk.dispose();
    }
  });

  it("keeps nothing of a line that has no room", async ({ skip }) => {
    const small = join(log.folder, "small");
    const disk = tinyDisk(small, 2) ?? skip(NO_DISK);
    try {
      const path = join(small, "audit.jsonl");
      await appendAuditLine(path, lineAbout("a", { reason: "x".repeat(3_800) }), []);
      const before = await readFile(path, "utf8");
      // The lock gets the second block, so only a part of the line fits.
      await expect(append("b", path)).rejects.toThrow(/\(create: created\) could not be written .*ENOSPC/);
      expect(await readFile(path, "utf8")).toBe(before);
      expect(await readdir(small)).toEqual(["audit.jsonl"]);
    } finally {
      disk.dispose();
    }
  });

  it("breaks a stale lock that it must not read, as of another user", async () => {
    writeFileSync(`${log.file}.lock`, "another user's");
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
      await append("a", log.file);
    } finally {
      fs.readFileSync = readFileSync;
      syncBuiltinESMExports();
    }
    expect(reads).toBeGreaterThan(1);
    expect(waited.ms).toBe(1_001);
    expect(await readdir(log.folder)).toEqual(["audit.jsonl"]);
  });

  it("gives up on a lock that is never free, and says so", async () => {
    await append("a", log.file);
    symlinkSync("/nowhere/at/all", `${log.file}.lock`);
    const waited = simulateWaiting();
    await expect(append("b", log.file)).rejects.toThrow(/ETIMEDOUT/);
    expect(waited.ms).toBe(5_000);
  });

  it("does not write under a lock that another process broke meanwhile", async () => {
    await append("a", log.file);
    const waited = simulateWaiting();
    let calls = 0;
    // The third look at the clock is that of the check right before the write.
    vi.spyOn(blockingWait, "nowMs").mockImplementation(() => {
      if (++calls === 3) {
        // This process was paused for so long that its lock was stale.
        waited.ms += 1_000;
        writeFileSync(`${log.file}.lock`, "another");
      }
      return waited.ms;
    });
    await append("b", log.file);
    expect(waited.ms, "the other one's lock had to become stale").toBeGreaterThan(2_000);
    expect(await namesOf(log.file)).toEqual(["a", "b"]);
    expect(await verified(log.file)).toMatchObject({ findingCount: 0 });
  });
});
