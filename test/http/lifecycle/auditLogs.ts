import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { createFixture, type Fixture } from "../fixture";

/** An audit log in a folder of its own for each test. */
export function useAuditLog() {
  const log = {
    folder: "",
    file: "",
    /** The hash that the line after this one must have. */
    async hashOfLine(at: number): Promise<string> {
      const line = (await readFile(log.file, "utf8")).split("\n")[at] ?? "";
      return createHash("sha256").update(line).digest("hex");
    },
    /** A fixture that logs; the key in it was created before the log. */
    logging: (path?: string): Promise<Fixture> =>
      createFixture({ environment: { ELECTRONHUB_AUDIT_LOG: path ?? log.file } }),
    async lines(): Promise<Record<string, unknown>[]> {
      const text = await readFile(log.file, "utf8");
      expect(text.endsWith("\n")).toBe(true);
      return text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    lastLine: async (): Promise<Record<string, unknown> | undefined> => (await log.lines()).at(-1),
    async expectNoSecret(fixture: Fixture, keys: readonly string[]) {
      const text = await readFile(log.file, "utf8");
      expect(text).not.toContain("ek-");
      const secrets = [fixture.simulator.account().apiKey.slice(3), ...keys.map((key) => key.slice(9))];
      for (const secret of secrets) {
        for (let at = 0; at + 8 <= secret.length; at++) expect(text).not.toContain(secret.slice(at, at + 8));
      }
    },
  };
  beforeEach(async () => {
    log.folder = await mkdtemp(join(tmpdir(), "audit-"));
    log.file = join(log.folder, "audit.jsonl");
  });
  afterEach(() => rm(log.folder, { recursive: true, force: true }));
  return log;
}
