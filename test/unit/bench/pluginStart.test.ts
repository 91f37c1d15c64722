import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startMs } from "../../bench/pluginStart";
import { processesIn } from "../../support/processes";
import { until } from "../../support/until";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "start-"));
  await mkdir(join(folder, "work"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts a script of the shell, which is on the PATH, in the folder `work`. */
async function start(script: string): Promise<number> {
  const file = join(folder, "pulumi-resource-tried");
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  return startMs("pulumi-resource-tried", { folders: { work: join(folder, "work") }, env });
}

describe.skipIf(process.platform === "win32")("startMs", () => {
  it("starts a plugin by name with an address, and ends it and what it has started", async () => {
    const tookMs = await start(
      'echo "$@" > argument\nnode -e "console.log(4711); setInterval(() => {}, 1000)"',
    );
    expect(tookMs).toBeGreaterThan(0);
    expect(await readFile(join(folder, "work", "argument"), "utf8")).toMatch(/^127\.0\.0\.1:\d+\n$/);
    expect(await until(() => processesIn(join(folder, "work")).length === 0, 10_000)).toBe(true);
  });

  it("takes no other output for a port", async () => {
    await expect(start("echo Loading 4711; exec cat /dev/zero > /dev/null")).rejects.toThrow(
      "printed no port:\nLoading 4711",
    );
    expect(await until(() => processesIn(join(folder, "work")).length === 0, 10_000)).toBe(true);
  });

  it("fails with the output of a plugin that exits", async () => {
    await expect(start("printf 'no engine' >&2; exit 1")).rejects.toThrow("no engine");
  });
});
