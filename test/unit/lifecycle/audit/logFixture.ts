import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { openLog } from "../../../../provider/cli/audit/logLines";
import { verifyLog } from "../../../../provider/cli/audit/verifyLog";
import { appendAuditLine } from "../../../../provider/lifecycle/auditLog";
import { blockingWait } from "../../../../provider/util/fileLock";
import { lineAbout } from "./lineAbout";

/** A log of each test, in a folder of its own. */
export interface TestLog {
  readonly folder: string;
  readonly file: string;
}

export function useLog(): TestLog {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "audit-file-"));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    get file() {
      return join(folder, "audit.jsonl");
    },
  };
}

export const append = (name: string, path: string) => appendAuditLine(path, lineAbout(name), []);

export const linesOf = async (path: string) => (await readFile(path, "utf8")).split("\n").slice(0, -1);

export const namesOf = async (path: string) =>
  (await linesOf(path)).flatMap((line) => /"name":"([^"]+)"/.exec(line)?.[1] ?? []);

export async function verified(path: string) {
  const log = await openLog(path);
  try {
    return await verifyLog(log);
  } finally {
    await log.close();
  }
}

/** Time passes only while a lock is awaited. */
export function simulateWaiting(): { ms: number } {
  const waited = { ms: 0 };
  vi.spyOn(blockingWait, "nowMs").mockImplementation(() => waited.ms);
  vi.spyOn(blockingWait, "pause").mockImplementation((ms) => void (waited.ms += ms));
  return waited;
}
