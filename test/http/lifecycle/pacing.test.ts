import { SETTLING_MS } from "../../../provider/api/rateLimit/crowd";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileWindowStore } from "../../../provider/api/rateLimit/fileWindow";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import type { Dependencies } from "../../../provider/lifecycle/accountContext";
import { edgePage, tooManyRequestsWithoutHeaders } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, sent, type Fixture } from "../fixture";

type Key = Awaited<ReturnType<Fixture["existing"]>>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pacing-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An account with keys, whose window of 5 in 60 s is untouched. */
async function limited(count: number) {
  const fixture = await createFixture();
  const keys = await Promise.all(Array.from({ length: count }, () => fixture.existing()));
  const account = fixture.simulator.account();
  account.rateLimit = { limit: 5, windowMs: 60_000 };
  fixture.simulator.clearJournal();
  return { ...fixture, account, keys, startMs: fixture.clock.nowMs() };
}

/** A plugin process that knows nothing of the account yet. */
function plugin(
  fixture: Fixture,
  more: Partial<Dependencies> = {},
  environment: Record<string, string> = {},
) {
  const lines: string[] = [];
  const lifecycle = new DynamicProvider({
    clock: fixture.clock,
    random: () => 0.5,
    randomBytes: (count) => new Uint8Array(count).fill(7),
    transport: fixture.transport,
    environment: {
      ELECTRONHUB_API_KEY: fixture.simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl,
      ...environment,
    },
    report: (line) => lines.push(line),
    ...more,
  });
  /** All at once, or so many at a time. */
  const removeAll = async (keys: readonly Key[], lanes = keys.length) => {
    const left = keys.values();
    const lane = async () => {
      for (const { id, state } of left) await lifecycle.delete(id, state);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
  return { lifecycle, lines, removeAll };
}

const statuses = ({ simulator }: Fixture) => simulator.journal.map(({ status }) => status);
const refusals = (fixture: Fixture) => statuses(fixture).filter((status) => status === 429).length;

describe("a destroy under a limit of 5 in 60 s", () => {
  it("of 12 keys is never refused, and takes the shortest time that there is", async () => {
    const fixture = await limited(12);
    const { lines, removeAll } = plugin(fixture);
    await removeAll(fixture.keys);
    expect(statuses(fixture)).toEqual(Array.from({ length: 12 }, () => 200));
    const tookMs = fixture.clock.nowMs() - fixture.startMs;
    expect(tookMs).toBeGreaterThanOrEqual(120_000);
    expect(tookMs).toBeLessThanOrEqual(120_000 * 1.01);
    expect(fixture.account.keys()).toEqual([]);
    // Two go out in the last window: with the others of the first one it waits to see who else uses the account.
    expect(lines[0]).toMatch(/^Electron Hub: 10 requests wait \(10 remove\) until .*00:00:05 UTC, in 4 s/);
    expect(lines[1]).toMatch(/^Electron Hub: 7 requests wait \(7 remove\) until .*\(5 requests per 60 s\)/);
    expect(lines.length).toBeLessThanOrEqual(12);
  });

  it("notices others who use the account, before and in the middle", async () => {
    const fixture = await limited(12);
    fixture.account.takeFromWindow(3);
    // Another client is faster when the first window has passed.
    void fixture.clock.sleep(60_050).then(() => fixture.account.takeFromWindow(2));
    await plugin(fixture).removeAll(fixture.keys);
    expect(refusals(fixture)).toBe(0);
    expect(fixture.account.keys()).toEqual([]);
    // While it does not know whether they go on, it keeps to a share: less than half as long again.
    expect(fixture.clock.nowMs() - fixture.startMs).toBeLessThanOrEqual(180_000 * 1.5);
  });

  it("waits out the cooldown into which others have brought the account, at the price of one refusal", async () => {
    const fixture = await limited(6);
    fixture.account.takeFromWindow(6);
    await plugin(fixture).removeAll(fixture.keys);
    expect(statuses(fixture)).toEqual([429, 200, 200, 200, 200, 200, 200]);
    // The others wait for the same moment, so each resumes at a random time in the 15 s after it.
    const lateMs = (fixture.simulator.journal[1]?.atMs ?? 0) - (fixture.account.cooldownUntilMs ?? 0);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(15_000);
    expect(fixture.clock.nowMs() - fixture.startMs).toBeLessThanOrEqual(255_000 * 1.01);
  });

  it.each([
    ["whose header says 30 s", { ...refusal(429, "Slow down"), headers: { "retry-after": "30" } }, 30_000],
    ["whose words say 180 s", tooManyRequestsWithoutHeaders(), 180_000],
    ["that is the edge's page", edgePage(429), 180_000],
  ])("sends nothing after a refusal %s, until that is over", async (_, fault, cooldownMs) => {
    const fixture = await limited(12);
    fixture.account.rateLimit = { limit: 100, windowMs: 60_000 };
    fixture.simulator.inject({ on: { path: PATHS.remove }, skip: 5, ...fault });
    const { lines, removeAll } = plugin(fixture);
    await removeAll(fixture.keys, 3);
    const { journal } = fixture.simulator;
    const refused = journal.find(({ status }) => status === 429);
    const refusedMs = refused?.atMs ?? 0;
    const next = journal.find(({ atMs }) => atMs > refusedMs);
    expect(next).toMatchObject({ atMs: refusedMs + cooldownMs, body: refused?.body, status: 200 });
    expect(journal).toHaveLength(13);
    expect(refusals(fixture)).toBe(1);
    expect(fixture.account.keys()).toEqual([]);
    expect(lines.join("\n")).toContain("until the account's cooldown after a refusal ends");
  });
});

describe("a maxWait that is too short", () => {
  it("ends a destroy at once, says what is done and left, and leaves the rest for the next", async () => {
    const fixture = await limited(12);
    const { lifecycle } = plugin(fixture, {}, { ELECTRONHUB_MAX_WAIT: "50s" });
    const outcomes = await Promise.allSettled(
      fixture.keys.map(({ id, state }) => lifecycle.delete(id, state)),
    );
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed).toHaveLength(7);
    for (const { reason } of failed) {
      expect((reason as Error).message).toMatch(/exceed maxWait.*: 5 sent, 7 left\..*electronhub:maxWait/s);
      expect(reason).not.toHaveProperty("id");
    }
    // It looks for others who use the account first.
    expect(fixture.clock.nowMs()).toBe(fixture.startMs + SETTLING_MS);
    expect(sent(fixture)).toHaveLength(5);
    expect(fixture.account.keys()).toHaveLength(7);

    await plugin(fixture).removeAll(fixture.keys.filter((_, at) => outcomes[at]?.status === "rejected"));
    expect(fixture.account.keys()).toEqual([]);
  });

  it("fails an update without a word to the state", async () => {
    const fixture = await limited(6);
    const { lifecycle, removeAll } = plugin(fixture, {}, { ELECTRONHUB_MAX_WAIT: "1s" });
    await removeAll(fixture.keys.slice(1));
    const [{ id, state, inputs }] = fixture.keys as [Key];
    const error = await rejection(lifecycle.update(id, state, { ...inputs, budget: 20 }));
    expect(error.message).toMatch(/Cannot update proxy key .* would exceed maxWait/);
    expect(error).not.toHaveProperty("properties");
    expect(fixture.account.findKey(state.key)?.allocatedAmount).toBe(10);
  });
});

describe("processes that share a ledger", () => {
  const sharing = (fixture: Fixture, at = folder) => {
    const troubles: string[] = [];
    const windowStore = (account: string) =>
      fileWindowStore({
        path: join(at, `${account}.json`),
        onTrouble: (reason) => troubles.push(reason),
      });
    return { ...plugin(fixture, { windowStore }), troubles };
  };

  it("keep the limit together", async () => {
    const fixture = await limited(12);
    await Promise.all(
      [0, 1].map((half) => sharing(fixture).removeAll(fixture.keys.slice(half * 6, half * 6 + 6))),
    );
    expect(statuses(fixture)).toEqual(Array.from({ length: 12 }, () => 200));
    expect(fixture.clock.nowMs() - fixture.startMs).toBeLessThanOrEqual(120_000 * 1.01);
  });

  it("wait for a cooldown that a response to one of them names, the later ones too", async () => {
    const fixture = await limited(2);
    const [first, second] = fixture.keys as [Key, Key];
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...tooManyRequestsWithoutHeaders() });
    const removals = [sharing(fixture).removeAll([first])];
    await fixture.answered(PATHS.remove, 1);
    removals.push(sharing(fixture).removeAll([second]));
    await Promise.all(removals);
    expect(statuses(fixture)).toEqual([429, 200, 200]);
    expect(fixture.simulator.journal[1]?.atMs).toBe(fixture.startMs + 180_000);
  });

  it("hold no key and no API key in it, by name or by content", async () => {
    const fixture = await limited(3);
    await sharing(fixture).removeAll(fixture.keys);
    const files = await readdir(folder);
    expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.json$/)]);
    const text = await readFile(join(folder, files[0] ?? ""), "utf8");
    expect(JSON.parse(text)).toMatchObject({ limit: 5, entries: [{}, {}, {}] });
    expect(text).not.toContain("ek-");
    for (const secret of [
      fixture.account.apiKey.slice(3, 13),
      ...fixture.keys.map(({ state }) => state.key.slice(9, 19)),
    ])
      expect(text).not.toContain(secret);
  });

  it("keep the limit each alone where it cannot be written, and say so once", async () => {
    const fixture = await limited(12);
    await writeFile(join(folder, "file"), "");
    const { removeAll, troubles } = sharing(fixture, join(folder, "file"));
    await removeAll(fixture.keys);
    expect(refusals(fixture)).toBe(0);
    expect(troubles).toEqual([expect.stringMatching(/\.json: ENOTDIR$/)]);
  });
});

describe("what needs no place", () => {
  it("is all of a refresh but its list, and the looks at what is missing there", async () => {
    const fixture = await limited(30);
    for (const { state } of fixture.keys.slice(0, 3)) fixture.account.removeKey(state.key);
    const { lifecycle } = plugin(fixture);
    const reads = await Promise.all(fixture.keys.map(({ id, state }) => lifecycle.read(id, state)));
    expect(reads.map(({ id }) => id)).toEqual(fixture.keys.map(({ id }, at) => (at < 3 ? "" : id)));
    expect(sent(fixture)).toEqual(["list", "lookup", "lookup", "lookup"]);
    expect(fixture.clock.nowMs()).toBe(fixture.startMs + SETTLING_MS);
  });

  it("is an update of what the account does not know, even in the middle of a cooldown", async () => {
    const fixture = await limited(1);
    fixture.account.takeFromWindow(6);
    const [{ id, state, inputs }] = fixture.keys as [Key];
    const news = { ...inputs, onDestroy: "disable", refuseIfUsedWithin: "1h" };
    const { outs } = await plugin(fixture).lifecycle.update(id, state, news);
    expect(outs).toMatchObject({ onDestroy: "disable", refuseIfUsedWithin: "1h", key: state.key });
    expect(sent(fixture)).toEqual([]);
    expect(fixture.clock.nowMs()).toBe(fixture.startMs);
  });

  it("is a second read, until a write of our own makes the list stale", async () => {
    const fixture = await limited(3);
    const { lifecycle } = plugin(fixture);
    const [one, two, three] = fixture.keys as [Key, Key, Key];
    const budgetOf = async ({ id, state }: Key) => (await lifecycle.read(id, state)).props?.["budget"];
    expect([await budgetOf(one), await budgetOf(two)]).toEqual([10, 10]);
    await lifecycle.update(one.id, one.state, { ...one.inputs, budget: 20 });
    expect([await budgetOf(one), await budgetOf(two)]).toEqual([20, 10]);
    await lifecycle.delete(two.id, two.state);
    expect([await budgetOf(one), await budgetOf(three)]).toEqual([20, 10]);
    expect(sent(fixture)).toEqual(["list", "update", "list", "remove", "list"]);
  });
});
