import { readFile, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { echoSecrets } from "../../../provider/testing";
import { PATHS, refusal, rejection, savedFailure } from "../fixture";
import { useAuditLog } from "./auditLogs";

const log = useAuditLog();

describe("the audit log", () => {
  it("has one line for a create, an update and a delete each, with the settings as a backup", async () => {
    const fixture = await log.logging();
    const { id, state, inputs } = await fixture.existing({ models: ["gpt-4o"], budgetWindow: "weekly" });
    fixture.clock.advance(1_000);
    const { outs } = await fixture.lifecycle.update(id, state, { ...inputs, budget: 20 });
    fixture.clock.advance(1_000);
    await fixture.lifecycle.delete(id, outs as Record<string, unknown>);

    const who = { name: state.name, fingerprint: id };
    const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
    expect(await log.lines()).toStrictEqual([
      { previous: null, time: at(0), action: "create", ...who, outcome: "created", requests: 2 },
      {
        previous: await log.hashOfLine(0),
        time: at(1),
        action: "update",
        ...who,
        outcome: "updated",
        requests: 1,
      },
      {
        previous: await log.hashOfLine(1),
        time: at(2),
        action: "delete",
        ...who,
        requests: 1,
        settings: {
          name: state.name,
          budget: 20,
          budgetWindow: "weekly",
          expiresAt: "never",
          models: ["gpt-4o"],
          allowedIps: "any",
          enabled: true,
          onDestroy: "remove",
          createdAt: state.createdAt,
          usedBudget: 0,
        },
        outcome: "removed",
      },
    ]);
    await log.expectNoSecret(fixture, [state.key]);
    expect((await stat(log.file)).mode & 0o077, "for its owner only").toBe(0);
  });

  it("holds no rotation trigger and no adopted key, which may be secrets", async () => {
    const fixture = await log.logging();
    const secret = "correct-horse-battery";
    const { id, state, inputs } = await fixture.existing({ rotationTrigger: { seed: secret } });
    const adopted = { ...state, adopt: state.key };
    await fixture.lifecycle.update(id, adopted, { ...inputs, budget: 20 });
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    await rejection(fixture.lifecycle.delete(id, adopted));
    await fixture.lifecycle.delete(id, adopted);
    expect(await log.lines()).toHaveLength(4);
    expect(await readFile(log.file, "utf8")).not.toContain(secret);
    expect((await log.lastLine())?.["settings"]).not.toHaveProperty("adopt");
    await log.expectNoSecret(fixture, [state.key]);
  });

  it("has a key's labels, also when only they changed", async () => {
    const fixture = await log.logging();
    const { id, state, inputs } = await fixture.existing({ labels: { owner: "team-a" } });
    const relabeled = await fixture.declare({ labels: { owner: "team-b", ticket: "OPS-7" } }, inputs);
    const { outs = {} } = await fixture.lifecycle.update(id, state, relabeled);
    const { labels: _, ...unlabeled } = relabeled;
    const { outs: last = {} } = await fixture.lifecycle.update(id, outs, { ...unlabeled, budget: 20 });
    await fixture.lifecycle.update(id, last, { ...unlabeled, budget: 20, onDestroy: "disable" });
    await fixture.lifecycle.delete(id, outs);
    expect((await log.lines()).map(({ action, labels, requests }) => ({ action, labels, requests }))).toEqual(
      [
        { action: "create", labels: { owner: "team-a" }, requests: 1 },
        { action: "update", labels: { owner: "team-b", ticket: "OPS-7" }, requests: 0 },
        { action: "update", labels: {}, requests: 1 },
        { action: "delete", labels: { owner: "team-b", ticket: "OPS-7" }, requests: 1 },
      ],
    );
  });

  it("says what a destroy was, tries included", async () => {
    const fixture = await log.logging();
    const { id, state } = await fixture.existing();
    const disabled = { ...state, onDestroy: "disable" };
    await fixture.lifecycle.delete(id, disabled);
    expect(await log.lastLine()).toMatchObject({ outcome: "disabled", requests: 2 });
    fixture.simulator.inject({ on: { path: PATHS.remove }, status: 500, times: 2 });
    await fixture.lifecycle.delete(id, state);
    expect(await log.lastLine()).toMatchObject({ outcome: "removed", requests: 3 });
    await fixture.lifecycle.delete(id, state);
    expect(await log.lastLine()).toMatchObject({ outcome: "already deleted", requests: 1 });
  });

  it("says what failed and why, and what was done in part", async () => {
    const fixture = await log.logging();
    const { id, state, inputs } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    await rejection(fixture.lifecycle.delete(id, state));
    expect(await log.lastLine()).toMatchObject({
      action: "delete",
      outcome: "failed",
      reason: `The account's plan is paused (HTTP 403: "Your plan is paused").`,
      settings: { budget: 10 },
    });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    await rejection(fixture.lifecycle.update(id, state, { ...inputs, enabled: false, budget: 5 }));
    expect(await log.lastLine()).toMatchObject({ action: "update", outcome: "failed", requests: 2 });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    await savedFailure(fixture.lifecycle.create(await fixture.declare({ enabled: false })));
    expect(await log.lastLine()).toMatchObject({
      action: "create",
      outcome: "done in part",
      fingerprint: expect.stringMatching(/^pk-/),
      reason: expect.stringContaining("plan is paused"),
    });
  });

  it("has no line for what sent nothing", async () => {
    const fixture = await log.logging();
    const { id, state, inputs } = await fixture.existing();
    await fixture.lifecycle.update(id, state, { ...inputs, onDestroy: "disable" });
    await rejection(fixture.lifecycle.delete(id, { ...state, key: "ek-proxy-anotherKey0123456789" }));
    await fixture.lifecycle.read(id, state);
    expect(await log.lines()).toMatchObject([{ action: "create" }]);
  });

  it("keeps lines whole, however many are written at once", async () => {
    const fixture = await log.logging();
    const keys = await Promise.all(Array.from({ length: 25 }, () => fixture.existing()));
    await Promise.all(keys.map(({ id, state }) => fixture.lifecycle.delete(id, state)));
    const removed = (await log.lines()).filter(({ outcome }) => outcome === "removed");
    expect(new Set(removed.map(({ fingerprint }) => fingerprint))).toEqual(new Set(keys.map(({ id }) => id)));
    expect(await log.lines()).toHaveLength(50);
  });

  it("holds no secret that an answer repeats", async () => {
    const fixture = await log.logging();
    const { id, state, inputs } = await fixture.existing();
    for (const status of [400, 403, 422]) {
      fixture.simulator.inject(echoSecrets(status));
      await rejection(fixture.lifecycle.delete(id, state));
      fixture.simulator.inject(echoSecrets(status));
      await rejection(fixture.lifecycle.update(id, state, { ...inputs, budget: 20 }));
    }
    expect(await log.lastLine()).toMatchObject({ reason: expect.stringContaining("[redacted]") });
    await log.expectNoSecret(fixture, [state.key]);
  });
});
