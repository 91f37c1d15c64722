import { assert, array, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { UNKNOWN } from "../../../provider/lifecycle/schema/inputs";
import { check, diff } from "../../support/pureVerbs";

type Properties = Record<string, unknown>;

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 1);
const at = (days: number) => new Date(NOW_MS + days * DAY_MS).toISOString().replace(".000Z", "Z");

function checked(news: Properties, olds: Properties = {}, days = 0) {
  const context = { nowMs: NOW_MS + days * DAY_MS, randomBytes: (count: number) => new Uint8Array(count) };
  return check(olds, { budget: 1, name: "web", ...news }, context);
}

function resolved(news: Properties, olds: Properties = {}, days = 0): Properties {
  const { inputs, failures } = checked(news, olds, days);
  expect(failures).toBeUndefined();
  return inputs;
}

describe("expiresIn", () => {
  it("is counted from creation, and kept from up to up", () => {
    const made = resolved({ expiresIn: "30d" });
    expect(made).toMatchObject({ expiresIn: "30d", expiresAt: at(30) });
    expect(resolved({ expiresIn: "30d" }, made, 12)).toEqual(made);
    expect(resolved({ expiresIn: "30d" }, made, 45)).toEqual(made);
  });

  it("moves the expiry by as much as it changes, and never into the past", () => {
    const made = resolved({ expiresIn: "30d" });
    expect(resolved({ expiresIn: "40d" }, made, 10)["expiresAt"]).toBe(at(40));
    expect(resolved({ expiresIn: "20d" }, made, 10)["expiresAt"]).toBe(at(20));
    expect(resolved({ expiresIn: "5d" }, made, 10)["expiresAt"]).toBe(at(15));
  });

  it.each(["never", at(3_650), at(12), at(5)])(
    "counts from the up that first has it, not from an expiry at %s",
    (expiresAt) => {
      const before = { name: "web", budget: 1, expiresAt };
      const changed = resolved({ expiresIn: "30d", renewBefore: "29d" }, before, 10);
      expect(changed["expiresAt"]).toBe(at(40));
      expect(changed["__renewal"]).toBeUndefined();
      expect(diff(before, changed)).toMatchObject({ changes: true, replaces: [] });
      expect(resolved({ expiresIn: "30d" }, changed, 10.5)["expiresAt"]).toBe(at(40));
    },
  );

  it("gives way to what the program declares instead", () => {
    const made = resolved({ expiresIn: "30d" });
    expect(resolved({ expiresAt: at(90) }, made, 10)["expiresAt"]).toBe(at(90));
    expect(resolved({}, made, 10)["expiresAt"]).toBe("never");
    const again = resolved({ expiresIn: "30d" }, resolved({}, made, 10), 20);
    expect(again["expiresAt"]).toBe(at(50));
  });

  it("passes unknown, with an unknown expiry", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(resolved({ expiresIn: unknown })["expiresAt"]).toBe(unknown);
  });

  it.each([
    [{ expiresIn: "soon" }, "expiresIn", /must be a duration/],
    [{ expiresIn: "0d" }, "expiresIn", /must be a duration/],
    [{ expiresIn: "30d", expiresAt: "never" }, "expiresIn", /exclude each other/],
    [{ renewBefore: "3d" }, "renewBefore", /needs expiresIn/],
    [
      { expiresIn: "3d", renewBefore: "3d" },
      "renewBefore",
      /renewBefore \(3d\) must be shorter than expiresIn \(3d\)/,
    ],
    [{ expiresIn: "3d", renew: "again" }, "renew", /must be `extend` or `rotate`/],
  ])("%j is refused", (news, name, reason) => {
    expect(checked(news).failures).toEqual([{ property: name, reason: expect.stringMatching(reason) }]);
  });
});

describe("renewBefore", () => {
  const args = { expiresIn: "30d", renewBefore: "3d" };
  const made = resolved(args);

  it("leaves the key alone until then", () => {
    expect(resolved(args, made, 26.9)).toEqual(made);
    expect(diff(made, resolved(args, made, 26.9))).toMatchObject({ changes: false, replaces: [] });
  });

  it.each([
    [
      27,
      /Proxy key "web": it expires in 3 d \(2026-01-31T00:00:00Z\), within renewBefore 3d, so its expiry is extended\./,
    ],
    [31, /it has expired \(2026-01-31T00:00:00Z\), so its expiry is extended\./],
  ])("extends it in place from then on, on day %d, and says why", (days, why) => {
    const renewed = resolved(args, made, days);
    expect(renewed).toEqual({ ...made, expiresAt: at(days + 30) });
    expect(diff(made, renewed)).toMatchObject({ changes: true, replaces: [] });
    expect(checked(args, made, days).note).toMatch(why);
  });

  it("replaces it from then on where it is to rotate, once", () => {
    const rotating = { ...args, renew: "rotate" };
    const first = resolved(rotating);
    const due = resolved(rotating, first, 28);
    expect(diff(first, due)).toMatchObject({ changes: true, replaces: ["expiresAt"] });
    expect(checked(rotating, first, 28).note).toMatch(/so a new key replaces it\. A plan saved before/);
    // The engine checks a replacement again, as if there were nothing before.
    const replacement = resolved(rotating, {}, 28);
    expect(replacement).toEqual({ ...first, expiresAt: at(58) });
    expect(diff(replacement, resolved(rotating, replacement, 29))).toMatchObject({ changes: false });
  });
});

describe("in a preview, an expiry that up counts from its own clock", () => {
  const args = { expiresIn: "30d", renewBefore: "3d" };
  const made = resolved(args);
  const previewed = (news: Properties, olds: Properties = {}, days = 0) =>
    checked({ ...news, __preview: true }, olds, days);

  it.each([
    ["is left open before the key exists", args, {}, 0, UNKNOWN],
    ["is left open when expiresIn is new", args, { budget: 1, expiresAt: "never" }, 0, UNKNOWN],
    ["is left open for a renewal", args, made, 28, UNKNOWN],
    ["is left open for a renewal that rotates", { ...args, renew: "rotate" }, made, 28, UNKNOWN],
    ["is known while it is kept", args, made, 26, at(30)],
    ["is known when expiresIn changes", { ...args, expiresIn: "40d" }, made, 10, at(40)],
  ])("%s", (_when, news, olds, days, expiresAt) => {
    const { inputs, failures } = previewed(news, olds, days);
    expect(failures).toBeUndefined();
    expect(inputs).toEqual({ ...resolved(news, olds, days), ...unknownIn(inputs), expiresAt });
    expect(inputs["__renewal"]).toBe(resolved(news, olds, days)["__renewal"]);
  });

  it("is a change, and the note is without the advice about plans", () => {
    const { inputs, note } = previewed(args, made, 28);
    expect(diff(made, inputs)).toMatchObject({ changes: true, replaces: [] });
    expect(note).toMatch(/so its expiry is extended\.$/);
    expect(checked(args, made, 28).note).toMatch(
      /so its expiry is extended\. A plan saved before that no longer fits: run `pulumi preview --save-plan` again\.$/,
    );
  });

  /** The name and the account of a key that does not exist yet. */
  function unknownIn({ __createdAs, __account }: Properties): Properties {
    const open = { __createdAs, __account };
    return Object.fromEntries(Object.entries(open).filter(([, value]) => value === UNKNOWN));
  }
});

describe("ignoreChanges, which puts values of the state in place of the program's", () => {
  const args = { expiresIn: "30d", renewBefore: "3d" };
  const made = resolved(args);

  it("keeps an expiry that check filled in, also when a renewal is due or expiresIn changes", () => {
    const kept = { expiresAt: made["expiresAt"] };
    for (const days of [1, 28, 31])
      expect(checked({ ...args, ...kept }, made, days)).toEqual({ inputs: made });
    const changed = checked({ ...args, expiresIn: "40d", ...kept }, made, 1);
    expect(changed.inputs).toEqual({ ...made, expiresIn: "40d" });
    expect(changed.note).toBe(
      'Proxy key "web": expiresAt is declared and unchanged, so expiresIn has no effect.',
    );
  });

  it("keeps all inputs, and drops the internal ones", () => {
    const rotating = { ...args, renew: "rotate" };
    const due = resolved(rotating, resolved(rotating), 28);
    expect(due["__renewal"]).toBe("rotate");
    const { __renewal, ...others } = due;
    for (const days of [29, 60]) {
      expect(checked({ ...due, __ofALaterVersion: 1 }, due, days)).toEqual({ inputs: others });
    }
    expect(diff(due, others)).toMatchObject({ changes: false, replaces: [] });
  });

  it("keeps expiresIn where the program has gone over to expiresAt", () => {
    const { inputs, note, failures } = checked({ ...args, expiresAt: at(90) }, made, 1);
    expect(failures).toBeUndefined();
    expect(inputs).toEqual(made);
    expect(note).toBe('Proxy key "web": expiresIn is declared and unchanged, so expiresAt has no effect.');
  });

  it("keeps an expiry where the program has gone over to expiresIn", () => {
    const before = { ...resolved({ expiresAt: at(90) }) };
    expect(resolved({ ...args, expiresAt: at(90) }, before, 1)).toMatchObject({ expiresAt: at(90) });
  });

  it("keeps a renewBefore without expiresIn, and says that it has no effect", () => {
    const { inputs, note } = checked({ renewBefore: "3d" }, made, 1);
    expect(inputs).toMatchObject({ renewBefore: "3d", expiresAt: "never" });
    expect(note).toBe('Proxy key "web": renewBefore has no effect without expiresIn.');
  });

  it.each([
    [{ renewBefore: "3d", __expiry: ["renewBefore"] }, /needs expiresIn/],
    [
      { ...args, expiresAt: at(90), __expiry: ["expiresAt", "expiresIn", "renewBefore"] },
      /exclude each other/,
    ],
  ])("refuses %j, which the program gives, also where a value is unchanged", (news, reason) => {
    expect(checked(news, made, 1).failures).toEqual([
      { property: expect.any(String), reason: expect.stringMatching(reason) },
    ]);
  });

  it("does not refuse a value that the program does not give", () => {
    const news = { ...args, expiresAt: at(90), __expiry: ["expiresAt"] };
    expect(checked(news, made, 1).failures).toBeUndefined();
  });

  it.each([
    [{ ...args, expiresIn: "31d", expiresAt: at(90) }, /exclude each other/],
    [{ renewBefore: "4d" }, /needs expiresIn/],
    [{ expiresIn: "30d", renewBefore: "30d" }, /must be shorter/],
  ])("does not excuse %j, which is new", (news, reason) => {
    expect(checked(news, made, 1).failures).toEqual([
      { property: expect.any(String), reason: expect.stringMatching(reason) },
    ]);
  });
});

it("a key that is renewed in time never expires, whenever the ups come", () => {
  const schedules = record({
    renew: constantFrom("extend", "rotate"),
    gaps: array(integer({ min: 1, max: 71 }), { minLength: 1, maxLength: 60 }),
  });
  assert(
    property(schedules, ({ renew, gaps }) => {
      const args = { expiresIn: "30d", renewBefore: "3d", renew };
      let inputs = resolved(args);
      let hours = 0;
      for (const gap of gaps) {
        hours += gap;
        const days = hours / 24;
        // Gaps shorter than renewBefore: the next up always comes before the expiry.
        expect(Date.parse(String(inputs["expiresAt"]))).toBeGreaterThan(NOW_MS + days * DAY_MS);
        const next = resolved(args, inputs, days);
        inputs = diff(inputs, next).replaces?.length ? resolved(args, {}, days) : next;
      }
    }),
    { numRuns: 300 },
  );
});
