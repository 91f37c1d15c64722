import type { ProxyKeyArgs } from "pulumi-electronhub";
import { describe, expect, it } from "vitest";
import type { FaultSpec } from "../../provider/testing";
import { expectFailure } from "../support/engine";
import { program, useEngine } from "./fixture";

const engine = useEngine();
const always = Number.POSITIVE_INFINITY;
const update = { path: "/auth/proxy/update" };
const toggle = { path: "/auth/proxy/toggle" };
const lookup = { path: "/auth/proxy/lookup" };
const paused = { status: 403, body: { error: { message: "Your plan is paused" } } };

interface Case {
  title: string;
  declared: Partial<ProxyKeyArgs>;
  changed: Partial<ProxyKeyArgs>;
  faults: readonly FaultSpec[];
  /** What the account shows once the program is reverted. */
  expected: object;
}

const cases: readonly Case[] = [
  {
    title: "wider models and a larger budget",
    declared: { models: ["o3"], budget: 5 },
    changed: { models: "all", budget: 500 },
    faults: [{ on: update, status: 500, applied: true, times: always }],
    expected: { modelWhitelist: ["o3"], allocatedAmount: 5 },
  },
  {
    title: "a refusal after a lost response",
    declared: { models: ["o3"], enabled: false },
    changed: { models: "all", enabled: false },
    faults: [
      { on: update, status: 500, applied: true },
      { on: update, ...paused },
    ],
    expected: { modelWhitelist: ["o3"], isActive: false },
  },
  {
    title: "a toggle whose response is lost, and a lookup that is refused",
    declared: { enabled: false },
    changed: { enabled: true },
    faults: [
      { on: toggle, cut: "after" },
      { on: lookup, ...paused, skip: 1, times: always },
    ],
    expected: { isActive: false },
  },
  {
    title: "a shorter budget window, which the API never returns",
    declared: { budget: 100, budgetWindow: "monthly" },
    changed: { budget: 100, budgetWindow: "daily" },
    faults: [{ on: update, cut: "after", times: always }],
    expected: { limitType: "monthly" },
  },
  {
    title: "a later expiry",
    declared: { expiresAt: "2031-01-01T00:00:00Z" },
    changed: { expiresAt: "never" },
    faults: [{ on: update, cut: "after", times: always }],
    expected: { expiresAtUnixS: Date.UTC(2031, 0, 1) / 1_000 },
  },
];

describe("an update whose effect is unknown is undone when the program is reverted", () => {
  it.each([...cases.entries()])("%i: $1.title", async (at, { declared, changed, faults, expected }) => {
    const stack = await engine.stack(`revert${at}`, program({ web: declared }), {
      config: { ...engine.config(), "electronhub:maxWait": { value: "2s" } },
    });
    await stack.up();
    for (const fault of faults) engine.simulator.inject(fault);
    stack.setProgram(program({ web: changed }));
    await expectFailure(stack.up());
    engine.simulator.clearFaults();

    stack.setProgram(program({ web: declared }));
    // A refresh forgets that the update failed, and the API does not return the window.
    await stack.refresh();
    expect(Object.keys((await stack.preview()).changes)).toContain("update");
    await stack.up();
    expect(engine.simulator.account().keys()).toMatchObject([expected]);
    engine.takeRequests();
    await engine.expectNoChange(stack);
  });

  it("also when it is the second half of a creation", async () => {
    const weekly = (trigger: number, window: "weekly" | "daily") =>
      program({ web: { budgetWindow: window, rotationTrigger: trigger, name: "web" } });
    const stack = await engine.stack("created", weekly(1, "weekly"), {
      config: { ...engine.config(), "electronhub:maxWait": { value: "2s" } },
    });
    await stack.up();
    engine.simulator.inject({ on: update, cut: "after", times: always });
    stack.setProgram(weekly(2, "weekly"));
    await expectFailure(stack.up());
    engine.simulator.clearFaults();
    stack.setProgram(weekly(2, "daily"));
    await stack.refresh();
    await stack.up();
    expect(engine.simulator.account().keys()).toMatchObject([{ name: "web", limitType: "daily" }]);
    engine.takeRequests();
    await engine.expectNoChange(stack);
  });
});
