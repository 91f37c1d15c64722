import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";
import { startCommand } from "../../support/command";
import { loadedModules, REPORTS_MODULES } from "../../support/loadedModules";

it.skipIf(process.platform === "win32")("the modules of a running process are known", async () => {
  const folder = await mkdtemp(join(tmpdir(), "modules-"));
  const program = `require(${JSON.stringify(require.resolve("undici"))}); console.log("loaded"); setInterval(() => {}, 1e6)`;
  const running = startCommand(process.execPath, ["-e", program], {
    env: { ...REPORTS_MODULES, TMPDIR: folder },
  });
  await running.waitForOutput(/loaded/);
  const modules = await loadedModules(running.child.pid as number, folder);
  expect(modules).toContain(require.resolve("undici"));
  running.kill("SIGKILL");
  expect((await running.done).signal).toBe("SIGKILL");
  expect(await loadedModules(running.child.pid as number, folder)).toBeUndefined();
  await rm(folder, { recursive: true });
});
