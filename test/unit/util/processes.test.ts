import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { isAlive, processStartTicks } from "../../../provider/util/processes";

const isLinux = process.platform === "linux";

it("distinguishes a running process from one that has exited and from an invalid id", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"]);
  const pid = child.pid ?? 0;
  expect([isAlive(process.pid), isAlive(process.ppid), isAlive(pid)]).toEqual([true, true, true]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isAlive(pid)).toBe(false);
  expect([0, -1, -pid, 1.5, Number.NaN].map(isAlive)).toEqual([false, false, false, false, false]);
});

it.runIf(isLinux)("counts a process that its parent has not reaped as exited", async () => {
  // The shell is replaced by a program that never reaps its child.
  const parent = spawn("sh", ["-c", "sh -c 'echo $$' & exec sleep 600"]);
  try {
    const [data] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(data.toString());
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
    expect(processStartTicks(pid)).toBeDefined();
  } finally {
    parent.kill("SIGKILL");
  }
});

it.runIf(isLinux)("returns when a process started", () => {
  expect(processStartTicks(process.pid)).toBe(processStartTicks(process.pid));
  expect(processStartTicks(process.pid)).toBeGreaterThanOrEqual(processStartTicks(1) ?? 0);
});

it("returns no start time for an id without a process", () => {
  expect(processStartTicks(2 ** 30)).toBeUndefined();
});
