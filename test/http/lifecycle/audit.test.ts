import { createHash } from "node:crypto";
import fs from "node:fs";
import { mkdir, mkdtemp, readFile, rm, rmdir, stat } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { echoSecrets } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent, type Fixture } from "../fixture";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-"));
  file = join(folder, "audit.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The hash that the line after this one must have. */
async function hashOfLine(at: number): Promise<string> {
  const line = (await readFile(file, "utf8")).split("\n")[at] ?? "";
  return createHash("sha256").update(line).digest("hex");
}

/** A fixture that logs; the key in it was created before the log. */
const logging = (path = file) => createFixture({ environment: { ELECTRONHUB_AUDIT_LOG: path } });

async function lines(): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const lastLine = async () => (await lines()).at(-1);

async function expectNoSecret(fixture: Fixture, keys: readonly string[]) {
  const text = await readFile(file, "utf8");
  expect(text).not.toContain("ek-");
  const secrets = [fixture.simulator.account().apiKey.slice(3), ...keys.map((key) => key.slice(9))];
  for (const secret of secrets) {
    for (let at = 0; at + 8 <= secret.length; at++) expect(text).not.toContain(secret.slice(at, at + 8));
  }
}

describe("the audit log", () => {
  it("has one line for a create, an update and a delete each, with the settings as a backup", async () => {
    const fixture = await logging();
    const { id, state, inputs } = await fixture.existing({ models: ["gpt-4o"], budgetWindow: "weekly" });
    fixture.clock.advance(1_000);
    const { outs } = await fixture.lifecycle.update(id, state, { ...inputs, budget: 20 });
    fixture.clock.advance(1_000);
    await fixture.lifecycle.delete(id, outs as Record<string, unknown>);

    const who = { name: state.name, fingerprint: id };
    const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
    expect(await lines()).toStrictEqual([
      { previous: null, time: at(0), action: "create", ...who, outcome: "created", requests: 2 },
      {
        previous: await hashOfLine(0),
        time: at(1),
        action: "update",
        ...who,
        outcome: "updated",
        requests: 1,
      },
      {
        previous: await hashOfLine(1),
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
    await expectNoSecret(fixture, [state.key]);
    expect((await stat(file)).mode & 0o077, "for its owner only").toBe(0);
  });

  it("holds no rotation trigger and no adopted key, which may be secrets", async () => {
    const fixture = await logging();
    const secret = "correct-horse-battery";
    const { id, state, inputs } = await fixture.existing({ rotationTrigger: { seed: secret } });
    const adopted = { ...state, adopt: state.key };
    await fixture.lifecycle.update(id, adopted, { ...inputs, budget: 20 });
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    await rejection(fixture.lifecycle.delete(id, adopted));
    await fixture.lifecycle.delete(id, adopted);
    expect(await lines()).toHaveLength(4);
    expect(await readFile(file, "utf8")).not.toContain(secret);
    expect((await lastLine())?.["settings"]).not.toHaveProperty("adopt");
    await expectNoSecret(fixture, [state.key]);
  });

  it("has a key's labels, also when only they changed", async () => {
    const fixture = await logging();
    const { id, state, inputs } = await fixture.existing({ labels: { owner: "team-a" } });
    const relabeled = await fixture.declare({ labels: { owner: "team-b", ticket: "OPS-7" } }, inputs);
    const { outs = {} } = await fixture.lifecycle.update(id, state, relabeled);
    const { labels: _, ...unlabeled } = relabeled;
    const { outs: last = {} } = await fixture.lifecycle.update(id, outs, { ...unlabeled, budget: 20 });
    await fixture.lifecycle.update(id, last, { ...unlabeled, budget: 20, onDestroy: "disable" });
    await fixture.lifecycle.delete(id, outs);
    expect((await lines()).map(({ action, labels, requests }) => ({ action, labels, requests }))).toEqual([
      { action: "create", labels: { owner: "team-a" }, requests: 1 },
      { action: "update", labels: { owner: "team-b", ticket: "OPS-7" }, requests: 0 },
      { action: "update", labels: {}, requests: 1 },
      { action: "delete", labels: { owner: "team-b", ticket: "OPS-7" }, requests: 1 },
    ]);
  });

  it("says what a destroy was, tries included", async () => {
    const fixture = await logging();
    const { id, state } = await fixture.existing();
    const disabled = { ...state, onDestroy: "disable" };
    await fixture.lifecycle.delete(id, disabled);
    expect(await lastLine()).toMatchObject({ outcome: "disabled", requests: 2 });
    fixture.simulator.inject({ on: { path: PATHS.remove }, status: 500, times: 2 });
    await fixture.lifecycle.delete(id, state);
    expect(await lastLine()).toMatchObject({ outcome: "removed", requests: 3 });
    await fixture.lifecycle.delete(id, state);
    expect(await lastLine()).toMatchObject({ outcome: "already deleted", requests: 1 });
  });

  it("says what failed and why, and what was done in part", async () => {
    const fixture = await logging();
    const { id, state, inputs } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    await rejection(fixture.lifecycle.delete(id, state));
    expect(await lastLine()).toMatchObject({
      action: "delete",
      outcome: "failed",
      reason: `The account's plan is paused (HTTP 403: "Your plan is paused").`,
      settings: { budget: 10 },
    });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    await rejection(fixture.lifecycle.update(id, state, { ...inputs, enabled: false, budget: 5 }));
    expect(await lastLine()).toMatchObject({ action: "update", outcome: "failed", requests: 2 });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    await savedFailure(fixture.lifecycle.create(await fixture.declare({ enabled: false })));
    expect(await lastLine()).toMatchObject({
      action: "create",
      outcome: "done in part",
      fingerprint: expect.stringMatching(/^pk-/),
      reason: expect.stringContaining("plan is paused"),
    });
  });

  it("has no line for what sent nothing", async () => {
    const fixture = await logging();
    const { id, state, inputs } = await fixture.existing();
    await fixture.lifecycle.update(id, state, { ...inputs, onDestroy: "disable" });
    await rejection(fixture.lifecycle.delete(id, { ...state, key: "ek-proxy-anotherKey0123456789" }));
    await fixture.lifecycle.read(id, state);
    expect(await lines()).toMatchObject([{ action: "create" }]);
  });

  it("keeps lines whole, however many are written at once", async () => {
    const fixture = await logging();
    const keys = await Promise.all(Array.from({ length: 25 }, () => fixture.existing()));
    await Promise.all(keys.map(({ id, state }) => fixture.lifecycle.delete(id, state)));
    const removed = (await lines()).filter(({ outcome }) => outcome === "removed");
    expect(new Set(removed.map(({ fingerprint }) => fingerprint))).toEqual(new Set(keys.map(({ id }) => id)));
    expect(await lines()).toHaveLength(50);
  });

  it("holds no secret that an answer repeats", async () => {
    const fixture = await logging();
    const { id, state, inputs } = await fixture.existing();
    for (const status of [400, 403, 422]) {
      fixture.simulator.inject(echoSecrets(status));
      await rejection(fixture.lifecycle.delete(id, state));
      fixture.simulator.inject(echoSecrets(status));
      await rejection(fixture.lifecycle.update(id, state, { ...inputs, budget: 20 }));
    }
    expect(await lastLine()).toMatchObject({ reason: expect.stringContaining("[redacted]") });
    await expectNoSecret(fixture, [state.key]);
  });
});

describe("an audit log that cannot be written", () => {
  const opened = async () => {
    const fixture = await createFixture();
    const key = await fixture.existing();
    const blind = await createFixture({
      environment: {
        ELECTRONHUB_API_KEY: fixture.simulator.account().apiKey,
        ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl,
        ELECTRONHUB_AUDIT_LOG: join(folder, "no", "such", "audit.jsonl"),
      },
    });
    return { fixture, lifecycle: blind.lifecycle, ...key };
  };

  it("fails every change before anything is sent, and names the file", async () => {
    const { fixture, lifecycle, id, state, inputs } = await opened();
    const attempts = [
      () => lifecycle.create(inputs),
      () => lifecycle.update(id, state, { ...inputs, budget: 20 }),
      () => lifecycle.delete(id, state),
    ];
    for (const attempt of attempts) {
      const error = await rejection(attempt());
      expect(error.message).toContain(
        `The audit log ${join(folder, "no", "such", "audit.jsonl")} cannot be written (ENOENT), and without it nothing is changed.`,
      );
      expect(error.message).toContain("electronhub:auditLog");
      expect(error).not.toHaveProperty("id");
    }
    expect(sent(fixture)).toEqual([]);
  });

  it("does not keep a refresh from looking", async () => {
    const { fixture, lifecycle, id, state } = await opened();
    await expect(lifecycle.read(id, state)).resolves.toMatchObject({ id });
    expect(sent(fixture)).toEqual(["list"]);
  });

  it("is repaired, and the same operation continues", async () => {
    const fixture = await logging();
    const { id, state } = await fixture.existing();
    await rm(file);
    await mkdir(file);
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toContain("cannot be written (EISDIR)");
    await rmdir(file);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["remove"]);
    expect(await lines()).toMatchObject([{ action: "delete", outcome: "removed" }]);
  });
});

describe("a disk that fills up after the log was opened", () => {
  const { writeSync } = fs;
  /** From now on nothing can be written but locks, which are text. */
  const makeFull = () => {
    const full = (...args: Parameters<typeof writeSync>) => {
      if (typeof args[1] === "string") return writeSync(...args);
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
    fs.writeSync = full as typeof writeSync;
    syncBuiltinESMExports();
  };
  const makeRoom = () => {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  };
  afterEach(makeRoom);

  it("keeps a key that was made in the state", async () => {
    const fixture = await logging();
    const inputs = await fixture.declare();
    makeFull();
    const saved = await savedFailure(fixture.lifecycle.create(inputs));
    expect(saved.reasons[0]).toMatch(/was created.*could not be written to the audit log.*ENOSPC/s);
    expect(fixture.simulator.account().findKey(saved.properties.key)).toBeDefined();
  });

  it("keeps what an update has changed in the state, so that a reverted program undoes it", async () => {
    const fixture = await logging();
    const { id, state, inputs } = await fixture.existing({ models: ["o3"], budget: 1 });
    const wider = await fixture.declare({ budget: 1_000 }, inputs);
    makeFull();
    const saved = await savedFailure(fixture.lifecycle.update(id, state, wider));
    expect(saved.properties).toMatchObject({ budget: 1_000, models: "all", unsettled: true });
    makeRoom();
    await expect(fixture.lifecycle.diff(id, saved.properties, inputs)).resolves.toMatchObject({
      changes: true,
    });
    await fixture.lifecycle.update(id, saved.properties, inputs);
    expect(fixture.simulator.account().keys()).toMatchObject([
      { allocatedAmount: 1, modelWhitelist: ["o3"] },
    ]);
  });

  it("has a line for a second key that a lost request made, and that was removed", async () => {
    const fixture = await logging();
    const inputs = await fixture.declare();
    const { key } = fixture.simulator.account().addKey({ name: inputs["__createdAs"] as string });
    fixture.simulator.inject({ on: { path: PATHS.create }, cut: "after" });
    const { id } = await fixture.lifecycle.create(inputs);
    expect(await lines()).toMatchObject([
      { action: "delete", outcome: "removed", name: inputs["__createdAs"] },
      { action: "create", outcome: "created", fingerprint: id },
    ]);
    await expectNoSecret(fixture, [key]);
  });

  it("fails a removal although it was done; the next finds it done", async () => {
    const fixture = await logging();
    const { id, state } = await fixture.existing();
    makeFull();
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(
      /What was done \(delete: removed\) could not be written.*ENOSPC.*run the command again/s,
    );
    expect(fixture.simulator.account().keys()).toEqual([]);
    makeRoom();
    await fixture.lifecycle.delete(id, state);
    expect(await lastLine()).toMatchObject({ action: "delete", outcome: "already deleted" });
  });

  it("hides no other failure, and is reported beside it", async () => {
    const reports: string[] = [];
    const fixture = await createFixture({
      environment: { ELECTRONHUB_AUDIT_LOG: file },
      lifecycle: { report: (line) => reports.push(line) },
    });
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    makeFull();
    expect((await rejection(fixture.lifecycle.delete(id, state))).message).toMatch(/plan is paused/);
    expect(reports).toEqual([
      `What was done (delete: failed) could not be written to the audit log ${file} (ENOSPC).`,
    ]);
  });
});
