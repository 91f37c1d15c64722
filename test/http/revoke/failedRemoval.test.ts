import { chmod, mkdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { PATHS, refusal } from "../fixture";
import { revocation } from "./fixture";

describe("a removal that fails", () => {
  it("leaves the key disabled, and the message says so", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    scene.simulator.inject({ on: { path: PATHS.remove }, times: Infinity, ...refusal(403, "No permission") });
    const receipt = await scene.revoke(["--yes"], key);
    expect(receipt).toMatchObject({
      exitCode: 1,
      keys: [
        {
          outcome: "failed",
          removedAt: null,
          problems: [{ why: expect.stringMatching(/it stays disabled\.$/) }],
        },
      ],
    });
    expect(receipt.keys[0]?.disabledAt).not.toBeNull();
    expect(scene.simulator.account().findKey(key)?.isActive).toBe(false);
  });

  it("is not tried while the audit log cannot be written: the key is disabled all the same", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    await mkdir(scene.auditLog);
    await chmod(scene.auditLog, 0o700);
    const receipt = await scene.revoke(["--yes"], key);
    expect(receipt).toMatchObject({ exitCode: 1, keys: [{ outcome: "failed", removedAt: null }] });
    expect(JSON.stringify(receipt.keys[0]?.problems)).toMatch(/audit log .* cannot be written/);
    expect(scene.sentSince()).toEqual(["lookup", "toggle", "lookup"]);
    expect(scene.simulator.account().findKey(key)?.isActive).toBe(false);
  });

  it("of an interrupted command is the next command's", async () => {
    const scene = await revocation();
    const account = scene.simulator.account();
    const keys = Array.from({ length: 20 }, (_, at) => account.addKey({ name: `bot-${at}` }).key);
    const held = scene.simulator.inject({
      on: { path: PATHS.remove },
      times: Infinity,
      hold: true,
      applied: true,
    });
    scene.clock.held = 16;
    const running = scene.revoke(["--yes"], ...keys);
    await held.reached(16);
    scene.stop.abort(new Error("stopped"));
    scene.clock.held = 0;
    held.remove();
    const receipt = await running;
    expect(receipt.exitCode).toBe(1);
    expect(account.keys().map(({ isActive }) => isActive)).toEqual([false, false, false, false]);
    scene.stop = new AbortController();
    const again = await scene.revoke(["--yes"], ...keys);
    expect(again.exitCode).toBe(0);
    expect(account.keys()).toEqual([]);
  });
});
