import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { isAlive, processStartTicks } from "../../../provider/util/processes";

const isLinux = process.platform === "linux";

it("tells a process that runs from one that has ended, and from what is no process", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"]);
  const pid = child.pid ?? 0;
  expect([isAlive(process.pid), isAlive(process.ppid), isAlive(pid)]).toEqual([true, true, true]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isAlive(pid)).toBe(false);
  expect([0, -1, -pid, 1.5, Number.NaN].map(isAlive)).toEqual([false, false, false, false, false]);
});

it.runIf(isLinux)("counts a process as ended that its parent has not taken note of", async () => {
  // The shell becomes a program that never asks what became of the child.
  const parent = spawn("sh", ["-c", "sh -c 'echo $$' & exec sleep 600"]);
  try {
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
    expect(processStartTicks(pid)).toBeDefined();
  } finally {
    parent.kill("SIGKILL");
  }
});

it.runIf(isLinux)("knows when a process started", () => {
  expect(processStartTicks(process.pid)).toBe(processStartTicks(process.pid));
  expect(processStartTicks(process.pid)).toBeGreaterThanOrEqual(processStartTicks(1) ?? 0);
});

it("knows no start of what is no process", () => {
  expect(processStartTicks(2 ** 30)).toBeUndefined();
});
