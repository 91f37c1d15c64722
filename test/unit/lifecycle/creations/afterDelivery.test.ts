import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { afterDelivery } from "../../../../provider/lifecycle/creations/afterDelivery";

const SHORTLY = join(__dirname, "../../../../provider/lifecycle/creations/afterDelivery.ts");
const signal = process.platform === "win32" ? "SIGBREAK" : "SIGINT";

afterEach(() => {
  vi.useRealTimers();
});

it("runs after 20 ms, and listens for the end only until everything has run", async () => {
  vi.useFakeTimers();
  const before = process.listenerCount(signal);
  const listeners = () => process.listenerCount(signal) - before;
  const soon = afterDelivery();
  const ran: string[] = [];
  let finish = () => {};
  soon((isClosing) => {
    ran.push(`first ${isClosing}`);
    return Promise.resolve();
  });
  soon((isClosing) => {
    ran.push(`second ${isClosing}`);
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  await vi.advanceTimersByTimeAsync(19);
  expect([ran, listeners()]).toEqual([[], 1]);
  await vi.advanceTimersByTimeAsync(1);
  expect([ran, listeners()]).toEqual([["first false", "second false"], 1]);
  finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(listeners()).toBe(0);
  soon(() => Promise.resolve());
  expect(listeners()).toBe(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(listeners()).toBe(0);
});

/** Runs a process with `soon`, which says on standard output what it ran. */
function processWith(code: string) {
  const prelude = `const soon = require(${JSON.stringify(SHORTLY)}).afterDelivery();
    const say = (text) => require("node:fs").writeSync(1, text + "\\n");`;
  const child = spawn(process.execPath, ["--import", "tsx", "-e", prelude + code], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: __dirname,
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  return { child, said: () => said, ended: once(child, "close") };
}

it.runIf(process.platform !== "win32")(
  "runs at once when the engine ends the process, which then ends by the signal",
  async () => {
    const { child, said, ended } = processWith(`
    soon(async (isClosing) => say("ran " + isClosing));
    process.kill(process.pid, "SIGINT");
    setInterval(() => {}, 1e6);`);
    const [exitCode, endedBy] = (await ended) as [number | null, string | null];
    expect([exitCode, endedBy]).toEqual([null, "SIGINT"]);
    expect(said()).toMatch(/^(?:ran false\n)?ran true\n$/);
    child.kill("SIGKILL");
  },
);

it.runIf(process.platform !== "win32")("leaves the end to others who listen for it", async () => {
  const { said, ended } = processWith(`
    process.on("SIGINT", () => { say("other"); setTimeout(() => process.exit(3), 1); });
    soon(async (isClosing) => say("ran " + isClosing));
    process.kill(process.pid, "SIGINT");
    setInterval(() => {}, 1e6);`);
  expect(await ended).toEqual([3, null]);
  expect(said()).toContain("other\n");
  expect(said()).toContain("ran true\n");
});

it("keeps no process alive", async () => {
  const { said, ended } = processWith(`soon(async () => say("ran"));`);
  expect(await ended).toEqual([0, null]);
  expect(said()).toBe("");
});
