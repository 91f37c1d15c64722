import fs from "node:fs";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent } from "../fixture";
import { useAuditLog } from "./auditLogs";

const log = useAuditLog();

describe("an audit log that cannot be written", () => {
  const opened = async () => {
    const fixture = await createFixture();
    const key = await fixture.existing();
    const blind = await createFixture({
      environment: {
        ELECTRONHUB_API_KEY: fixture.simulator.account().apiKey,
        ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl,
        ELECTRONHUB_AUDIT_LOG: join(log.folder, "no", "such", "audit.jsonl"),
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
        `The audit log ${join(log.folder, "no", "such", "audit.jsonl")} cannot be written (ENOENT), and without it nothing is changed.`,
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
    const fixture = await log.logging();
    const { id, state } = await fixture.existing();
    await rm(log.file);
    await mkdir(log.file);
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toContain("cannot be written (EISDIR)");
    await rmdir(log.file);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["remove"]);
    expect(await log.lines()).toMatchObject([{ action: "delete", outcome: "removed" }]);
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
    const fixture = await log.logging();
    const inputs = await fixture.declare();
    makeFull();
    const saved = await savedFailure(fixture.lifecycle.create(inputs));
    expect(saved.reasons[0]).toMatch(/was created.*could not be written to the audit log.*ENOSPC/s);
    expect(fixture.simulator.account().findKey(saved.properties.key)).toBeDefined();
  });

  it("keeps what an update has changed in the state, so that a reverted program undoes it", async () => {
    const fixture = await log.logging();
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
    const fixture = await log.logging();
    const inputs = await fixture.declare();
    const { key } = fixture.simulator.account().addKey({ name: inputs["__createdAs"] as string });
    fixture.simulator.inject({ on: { path: PATHS.create }, cut: "after" });
    const { id } = await fixture.lifecycle.create(inputs);
    expect(await log.lines()).toMatchObject([
      { action: "delete", outcome: "removed", name: inputs["__createdAs"] },
      { action: "create", outcome: "created", fingerprint: id },
    ]);
    await log.expectNoSecret(fixture, [key]);
  });

  it("fails a removal although it was done; the next finds it done", async () => {
    const fixture = await log.logging();
    const { id, state } = await fixture.existing();
    makeFull();
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(
      /What was done \(delete: removed\) could not be written.*ENOSPC.*run the command again/s,
    );
    expect(fixture.simulator.account().keys()).toEqual([]);
    makeRoom();
    await fixture.lifecycle.delete(id, state);
    expect(await log.lastLine()).toMatchObject({ action: "delete", outcome: "already deleted" });
  });

  it("hides no other failure, and is reported beside it", async () => {
    const reports: string[] = [];
    const fixture = await createFixture({
      environment: { ELECTRONHUB_AUDIT_LOG: log.file },
      lifecycle: { report: (line) => reports.push(line) },
    });
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    makeFull();
    expect((await rejection(fixture.lifecycle.delete(id, state))).message).toMatch(/plan is paused/);
    expect(reports).toEqual([
      `What was done (delete: failed) could not be written to the audit log ${log.file} (ENOSPC).`,
    ]);
  });
});
