import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { creation } from "../../lifecycle/journalFixture";
import { SECRET } from "../../fixture";
import { bot, useSearch } from "./searchFixture";

const { search, journal, open, delivered } = useSearch();

describe("an operation that the state calls pending", () => {
  it("is settled where the account that it was sent to has no key of it", async () => {
    const { settled, problems } = await search({ pending: [bot({ sentTo: "an account" })] });
    expect([settled.map(({ createdAs }) => createdAs), problems]).toEqual([["bot-abc"], []]);
  });

  it.each([undefined, "another account"])(
    "is not settled by an account that is not proven: %s",
    async (sentTo) => {
      const { settled, problems } = await search({ pending: [bot({ sentTo })] });
      expect([settled, problems.map(({ why }) => why)]).toEqual([
        [],
        [expect.stringContaining("nothing proves")],
      ]);
    },
  );

  it("is proven by the note of the machine that ran it, which is forgotten with the operation only", async () => {
    journal({ backendOf: () => undefined }).begin(creation("bot-abc"));
    const { settled, problems, forget } = await search({ pending: [bot()] });
    expect([settled.length, problems]).toEqual([1, []]);
    forget(false);
    expect(open()).toHaveLength(1);
    forget(true);
    expect(open()).toEqual([]);
  });

  it("is settled by a key that a stack has by now, on any account", async () => {
    const { found, settled, problems } = await search({
      pending: [bot()],
      keys: [{ name: "bot-abc" }],
      known: [SECRET],
    });
    expect([found, settled.length, problems]).toEqual([[], 1, []]);
  });

  it("has made the key that its note names, whose name was chosen, although the plugin returned it", async () => {
    await delivered();
    const { found, problems } = await search({
      pending: [bot({ chosenName: "billing" })],
      keys: [{ name: "billing" }, { name: "billing", key: `${SECRET}x` }],
    });
    expect([found.map(({ fingerprint }) => fingerprint), problems]).toEqual([[fingerprintOf(SECRET)], []]);
  });

  it("without a generated name is never settled", async () => {
    const pending = [
      bot({ createdAs: undefined, chosenName: "billing", name: "billing", sentTo: "an account" }),
    ];
    for (const keys of [[], [{ name: "billing" }]]) {
      const { found, settled, problems } = await search({ pending, keys });
      expect([found, settled]).toEqual([[], []]);
      expect(problems.map(({ why }) => why)).toContainEqual(
        expect.stringContaining("without the name that was sent"),
      );
    }
  });
});

describe("the time for requests that may still take effect", () => {
  const HOUR_MS = 3_600_000;
  const jump = (ms: number) => {
    let nowMs = 10 * HOUR_MS;
    return () => (nowMs += ms);
  };

  it.each([
    ["stands still", jump(0)],
    ["jumps ahead", jump(2 * HOUR_MS)],
    ["is set back", jump(-2 * HOUR_MS)],
  ])("is waited for in full, and no longer, when the clock %s", async (_, nowMs) => {
    const { slept } = await search({ pending: [bot()], savedMs: 10 * HOUR_MS, settleMs: 12_000, nowMs });
    expect(slept).toEqual([5_000, 5_000, 2_000]);
  });

  it("is waited for when the state is old by another machine's clock", async () => {
    const { slept } = await search({ pending: [bot()], savedMs: 1, settleMs: 4_000, nowMs: jump(HOUR_MS) });
    expect(slept).toEqual([4_000]);
  });

  it("is not waited for when a response has brought the key", async () => {
    journal().begin(creation("bot-abc")).made(fingerprintOf(SECRET));
    expect((await search({ settleMs: 4_000 })).slept).toEqual([]);
  });
});
