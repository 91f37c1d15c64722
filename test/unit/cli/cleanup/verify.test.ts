import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, it } from "vitest";
import { ForbiddenError, NotFoundError, type ForbiddenReason } from "../../../../provider/api/errors";
import type { StateKey } from "../../../../provider/cli/pulumi/checkpoint";
import { Failures } from "../../../../provider/cli/cleanup/engineEvents";
import type { StackAccounts } from "../../../../provider/cli/account/stackAccounts";
import type { Sighting } from "../../../../provider/cli/cleanup/sighting";
import { factsOf, plannedFor, verify } from "../../../../provider/cli/cleanup/verify";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import type { KeyObject } from "../../../../provider/api/wire";
import { SECRET, wireKey } from "../../fixture";

const KEY: StateKey = {
  urn: "urn:pulumi:dev::app::pulumi-nodejs:dynamic/electronhub:ProxyKey::web",
  resource: "web",
  fingerprint: fingerprintOf(SECRET),
  secret: SECRET,
  name: "web",
  account: undefined,
  sentTo: undefined,
  server: undefined,
  kept: undefined,
  deletedWith: undefined,
  labels: undefined,
};
function raise(error: Error): () => never {
  return () => {
    throw error;
  };
}

const unexpectedLookup = raise(new Error("No lookup is expected."));

const KEPT: StateKey = { ...KEY, kept: "retainOnDelete" };

const listed: Sighting = { kind: "listed", key: { wire: wireKey(), fingerprint: KEY.fingerprint } };
const absent: Sighting = { kind: "absent" };
const hidden: Sighting = { kind: "hidden", why: "No secrets.", nextStep: "Look." };
const unasked: Sighting = { kind: "unasked", why: "HTTP 401.", nextStep: "Look." };

type Step = "deleted" | "failed" | "nothing";

function said(step: Step, { urn, fingerprint }: StateKey): Failures {
  const failures = new Failures();
  const at = { sequence: 1, timestamp: 1 };
  if (step === "deleted") {
    const metadata = { op: "delete", urn, old: { id: fingerprint } };
    failures.take({ ...at, resOutputsEvent: { metadata } } as EngineEvent);
  }
  if (step === "failed") {
    failures.take({ ...at, resOpFailedEvent: { metadata: { urn } } } as EngineEvent);
    failures.take({
      ...at,
      diagnosticEvent: { urn, message: "Refused.\nDo this.", color: "never", severity: "error" },
    });
  }
  return failures;
}

function report(before: Sighting, left: Sighting, step: Step, key = KEY) {
  const [found] = verify([key], new Map([[key, before]]), new Map([[key, left]]), said(step, key));
  return found;
}

describe("after a destroy a key is reported as", () => {
  it.each<[string, Sighting, Sighting, Step]>([
    ["listed, then absent", listed, absent, "deleted"],
    ["listed, then absent, although the engine got no response", listed, absent, "failed"],
    ["absent now, deleted by the engine, when the first list failed", unasked, absent, "deleted"],
    ["absent now, deleted by the engine, when the first list hid it", hidden, absent, "deleted"],
    ["deleted by the engine, with hidden keys before and after", hidden, hidden, "deleted"],
    ["deleted by the engine, when the last list failed", listed, unasked, "deleted"],
    ["deleted by the engine, when both lists failed", unasked, unasked, "deleted"],
  ])("removed: %s", (_, before, left, step) => {
    const unusedCredits = before.kind === "listed" ? 10 : null;
    expect(report(before, left, step)).toMatchObject({ outcome: "removed", unusedCredits });
  });

  it.each<[string, Sighting, Sighting, Step]>([
    ["absent before and after", absent, absent, "deleted"],
    ["absent before, and the last list failed", absent, unasked, "deleted"],
    ["absent before, and the last list hides keys", absent, hidden, "deleted"],
  ])("already gone: %s", (_, before, left, step) => {
    expect(report(before, left, step)).toMatchObject({ outcome: "already-gone" });
  });

  it.each<[string, Sighting, Sighting, Step]>([
    ["the engine did not get to it, and the last list failed", listed, unasked, "nothing"],
    ["the engine did not get to it, and the last list hides keys", hidden, hidden, "nothing"],
    ["it is gone, and nothing says by whom", unasked, absent, "nothing"],
  ])("unknown: %s", (_, before, left, step) => {
    expect(report(before, left, step)).toMatchObject({ outcome: "unknown", why: expect.any(String) });
  });

  it.each<[string, Sighting, Sighting, Step]>([
    ["the engine failed, and it is listed", listed, listed, "failed"],
    ["the engine failed, and both lists hide keys", hidden, hidden, "failed"],
    ["the engine failed, and the lists failed", unasked, unasked, "failed"],
    ["the engine calls it deleted, and it is listed", listed, listed, "deleted"],
  ])("failed: %s", (_, before, left, step) => {
    expect(report(before, left, step)).toMatchObject({ outcome: "failed", why: expect.any(String) });
  });

  it.each<[string, Sighting, Sighting]>([
    ["it is listed", listed, listed],
    ["the last list failed", listed, unasked],
    ["both lists hide keys", hidden, hidden],
  ])("kept, where the stack says so: %s", (_, before, left) => {
    expect(report(before, left, "deleted", KEPT)).toMatchObject({ outcome: "kept" });
  });

  it("already gone, where the stack keeps it and the account has not got it", () => {
    for (const before of [listed, absent, unasked]) {
      expect(report(before, absent, "deleted", KEPT)).toMatchObject({ outcome: "already-gone" });
    }
  });
});

it("the engine's word on one resource says nothing of another one of the same URN", () => {
  const old = { ...KEY, fingerprint: "pk-of-the-replaced" };
  const facts = new Map([KEY, old].map((key) => [key, unasked]));
  const outcomes = verify([KEY, old], facts, facts, said("deleted", old)).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(["unknown", "removed"]);
});

describe("a dry run reports a key as", () => {
  const planned = (sighting: Sighting, key = KEY) => plannedFor(key, new Map([[key, sighting]])).outcome;

  it("unknown when its account could not be listed", () => {
    expect([planned(unasked), planned(unasked, KEPT)]).toEqual(["unknown", "unknown"]);
  });

  it("to be removed although the list hides it, since the state has its secret", () => {
    expect([planned(listed), planned(hidden), planned(hidden, KEPT)]).toEqual([
      "would-remove",
      "would-remove",
      "kept",
    ]);
    expect(planned(absent)).toBe("already-gone");
  });
});

describe("an account", () => {
  const views = (keys: readonly KeyObject[], lookup?: (secret: string) => KeyObject) => {
    const client = {
      list: () => Promise.resolve({ keys, serverAheadMs: 0 }),
      lookup: async (secret: string) => (lookup ?? unexpectedLookup)(secret),
    };
    const settings = { baseUrl: "https://api.example/v1" };
    const view = { account: "this", settings, begin: () => ({ client, call: {} }) };
    return { forResource: () => Promise.resolve(view) } as unknown as StackAccounts;
  };

  const problem = { why: "Why.", nextStep: "Do." };
  const notFound = (saidByApi: boolean) => new NotFoundError({ ...problem, saidByApi });
  const forbidden = (reason: ForbiddenReason) => new ForbiddenError({ ...problem, reason });

  it.each<[string, () => KeyObject, Partial<StateKey>, string]>([
    ["already-gone: the API states that it does not exist", raise(notFound(true)), {}, "already-gone"],
    ["already-gone, also with another API key", raise(notFound(true)), { sentTo: "other" }, "already-gone"],
    ["unknown: a proxy may have sent the 404", raise(notFound(false)), {}, "unknown"],
    ["unknown then, also with another API key", raise(notFound(false)), { sentTo: "other" }, "unknown"],
    [
      "already-gone then for the account that created it",
      raise(notFound(false)),
      { sentTo: "this" },
      "already-gone",
    ],
    ["foreign: another account owns it", raise(forbidden("otherAccount")), {}, "foreign"],
    [
      "foreign, also if this account created it",
      raise(forbidden("otherAccount")),
      { sentTo: "this" },
      "foreign",
    ],
    ["kept if a run would not ask", raise(forbidden("otherAccount")), { kept: "retainOnDelete" }, "kept"],
    ["unknown: an edge refuses", raise(forbidden("edge")), { sentTo: "this" }, "unknown"],
    ["would-remove: the lookup finds it", () => wireKey(), {}, "would-remove"],
    ["unknown: the state has another key", unexpectedLookup, { secret: `${SECRET}x` }, "unknown"],
    ["unknown: the state does not have the key", unexpectedLookup, { secret: undefined }, "unknown"],
    ["unknown: another server had it", unexpectedLookup, { server: "https://old.example" }, "unknown"],
  ])(
    "is asked in a dry run about a key that its list does not show: %s",
    async (_, lookup, change, outcome) => {
      const key = { ...KEY, ...change };
      const planned = plannedFor(key, await factsOf(views([], lookup), [key], { looksUp: true }));
      expect(planned.outcome).toBe(outcome);
      expect(JSON.stringify(planned)).not.toContain(SECRET);
      expect(planned.why === undefined).toBe(["already-gone", "kept", "would-remove"].includes(outcome));
    },
  );

  it("that hides any key says nothing of a key that it does not show: names prove nothing", async () => {
    const other = wireKey({ name: "other", key: undefined });
    expect((await factsOf(views([other]), [KEY])).get(KEY)).toMatchObject({ kind: "hidden" });
    expect((await factsOf(views([other, wireKey()]), [KEY])).get(KEY)).toMatchObject({ kind: "listed" });
    expect((await factsOf(views([]), [KEY])).get(KEY)).toEqual({ kind: "absent" });
  });

  it("on another server than the one that had the key does not prove its absence", async () => {
    const moved = { ...KEY, server: "https://old.example" };
    const facts = await factsOf(views([]), [moved]);
    const why = expect.stringMatching(/https:\/\/api\.example does not have .*https:\/\/old\.example/);
    expect(plannedFor(moved, facts)).toMatchObject({ outcome: "unknown", why });
    expect(verify([moved], facts, facts, said("nothing", moved))).toMatchObject([{ outcome: "unknown" }]);
    expect(verify([moved], facts, facts, said("failed", moved))).toMatchObject([{ outcome: "failed" }]);
    expect((await factsOf(views([wireKey()]), [moved])).get(moved)).toMatchObject({ kind: "listed" });
    const same = { ...KEY, server: "https://api.example" };
    expect((await factsOf(views([]), [same])).get(same)).toEqual({ kind: "absent" });
  });
});
