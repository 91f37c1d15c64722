import { describe, expect, it } from "vitest";
import { createFixture, PATHS, refusal, savedFailure, sent } from "../fixture";

const labels = { owner: "team-a", ticket: "OPS-17" };

describe("labels", () => {
  it("are stored by a creation, which sends none", async () => {
    const fixture = await createFixture();
    const { id, outs } = await fixture.lifecycle.create(await fixture.declare({ labels }));
    expect(sent(fixture)).toEqual(["create"]);
    expect(JSON.stringify(fixture.simulator.journal)).not.toContain("team-a");
    expect(outs).toMatchObject({ labels });
    const reordered = await fixture.declare({ labels: { ticket: "OPS-17", owner: "team-a" } }, outs);
    const { changes } = await fixture.lifecycle.diff(id, outs as never, reordered);
    expect(changes).toBe(false);
  });

  it.each([{ labels: { owner: "team-b" } }, { labels: {} }, {}])(
    "change to %j without a request",
    async (news) => {
      const fixture = await createFixture();
      const { id, state, inputs } = await fixture.existing({ labels });
      const declared = await fixture.declare(news, inputs);
      expect(await fixture.lifecycle.diff(id, state, declared)).toMatchObject({
        changes: true,
        replaces: [],
      });
      const { outs } = await fixture.lifecycle.update(id, state, declared);
      expect(sent(fixture)).toEqual([]);
      expect(outs?.["labels"]).toEqual("owner" in (news.labels ?? {}) ? news.labels : undefined);
      expect((await fixture.lifecycle.diff(id, outs as never, declared)).changes).toBe(false);
    },
  );

  it("survive a refresh, and another setting's update", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing({ labels });
    const read = await fixture.lifecycle.read(id, state);
    expect(read).toMatchObject({ props: { labels }, inputs: { labels } });
    const news = await fixture.declare({ labels, budget: 20 }, inputs);
    expect(await fixture.lifecycle.update(id, read.props as never, news)).toMatchObject({ outs: { labels } });
    expect(sent(fixture)).toEqual(["list", "update"]);
  });

  it("of an unsettled key change with the update that sends everything again", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing({ labels });
    const declared = await fixture.declare({ labels: { owner: "team-b" } }, inputs);
    const { outs } = await fixture.lifecycle.update(id, { ...state, unsettled: true }, declared);
    expect(sent(fixture)).toEqual(["update", "lookup"]);
    expect(outs).toMatchObject({ labels: { owner: "team-b" } });
    expect(outs).not.toHaveProperty("unsettled");
  });

  it("stay as they were when the update beside them fails", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing({ labels, enabled: false });
    fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(402, "Insufficient balance") });
    const declared = await fixture.declare({ labels: {}, budget: 20, enabled: false }, inputs);
    await expect(fixture.lifecycle.update(id, state, declared)).rejects.toThrow(/balance/);
    const retried = await fixture.lifecycle.update(id, state, declared);
    expect(retried.outs).not.toHaveProperty("labels");
  });

  it("are saved with a key whose creation fails in part", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(400, "name: taken") });
    const declared = await fixture.declare({ labels, name: "chosen" });
    const { properties } = await savedFailure(fixture.lifecycle.create(declared));
    expect(properties).toMatchObject({ labels });
  });

  it("belong to the resource that adopts a key, not to the key", async () => {
    const fixture = await createFixture();
    const { key } = fixture.simulator.account().addKey({ name: "theirs" });
    const mentioned = { models: "all", allowedIps: "any", expiresAt: "never", budgetWindow: "daily" };
    const { outs } = await fixture.lifecycle.create(
      await fixture.declare({ adopt: key, labels, ...mentioned }),
    );
    expect(outs).toMatchObject({ name: "theirs", labels });
  });

  it("are none in a state of an earlier version, and of a key that is imported", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const { key, fingerprint } = state;
    expect(state).not.toHaveProperty("labels");
    for (const known of [state, { key, fingerprint, budgetWindow: "daily" }]) {
      const { props, inputs } = await fixture.lifecycle.read(id, known);
      expect([props, inputs]).toEqual([
        expect.not.objectContaining({ labels: expect.anything() }),
        expect.not.objectContaining({ labels: expect.anything() }),
      ]);
    }
  });
});
