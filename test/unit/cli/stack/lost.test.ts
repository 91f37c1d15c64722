import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../../provider/api/wire";
import type { ListedKey } from "../../../../provider/cli/accounts";
import type { PendingCreation } from "../../../../provider/cli/pulumi/checkpoint";
import { fromJournal, fromState, judge, type InterruptedCreation } from "../../../../provider/cli/stack/lost";
import { nameHashOf, settingsHashOf, type OpenCreation } from "../../../../provider/lifecycle/creationNotes";
import { fingerprintOf } from "../../../../provider/lifecycle/state";
import { NOW_MS, SECRET, wireKey } from "../../fixtures";

const TWIN = SECRET.replace("Zk83", "Yj72");
const HOUR_MS = 3_600_000;

const pending: PendingCreation = {
  urn: "urn:pulumi:dev::app::pulumi-nodejs:dynamic/electronhub:ProxyKey::web",
  resource: "web",
  name: "web",
  nameGenerated: true,
  isAdoption: false,
  account: undefined,
  inputs: { name: "web", budget: 10 },
};

const noted: OpenCreation = {
  id: "1",
  stack: "organization/app/dev",
  account: "an account",
  nameHash: nameHashOf("web"),
  settingsHash: settingsHashOf(wireKey()),
  nameGenerated: true,
  startedMs: NOW_MS,
  pid: 4_711,
  taken: false,
  running: false,
  settle: () => {},
};

function listed(changes: Partial<KeyObject> = {}): ListedKey {
  const wire = wireKey(changes);
  return { wire, fingerprint: wire.key === undefined ? undefined : fingerprintOf(wire.key) };
}

interface Seen {
  keys?: readonly ListedKey[];
  known?: readonly string[];
  inTheMaking?: readonly string[];
  serverAheadMs?: number;
}

/** How it is judged, and by which keys or for which reason. */
function verdict(
  lost: InterruptedCreation,
  { keys = [listed()], known = [], inTheMaking = [], serverAheadMs = 0 }: Seen = {},
) {
  const judged = judge(lost, {
    keys,
    known: new Set(known),
    inTheMaking: new Set(inTheMaking),
    serverAheadMs,
  });
  if (judged.kind === "found") return judged.keys.map(({ fingerprint }) => fingerprint);
  return judged.kind === "unclear" ? judged.problem.why : judged.kind;
}

const generated = { state: fromState(pending, NOW_MS), journal: fromJournal(noted) };
const chosen = {
  state: fromState({ ...pending, nameGenerated: false }, NOW_MS),
  journal: fromJournal({ ...noted, nameGenerated: false }),
};

describe.each(["state", "journal"] as const)("by the %s, a creation under a generated name", (source) => {
  const lost = generated[source];

  it("made no key when none has the name", () => {
    expect(verdict(lost, { keys: [] })).toBe("absent");
    expect(verdict(lost, { keys: [listed({ name: "web-2" }), listed({ name: "Web" })] })).toBe("absent");
  });

  it("made the key of the name, whatever its age and its settings", () => {
    expect(verdict(lost)).toEqual([fingerprintOf(SECRET)]);
    expect(verdict(lost, { keys: [listed({ created_at: 1, allocated_ammount: 3 })] })).toHaveLength(1);
    expect(verdict(lost, { keys: [listed({ created_at: undefined })] })).toHaveLength(1);
  });

  it("made both keys of the name, when a try took effect late", () => {
    expect(verdict(lost, { keys: [listed(), listed({ key: TWIN })] })).toEqual([
      fingerprintOf(SECRET),
      fingerprintOf(TWIN),
    ]);
  });

  it("did not make a key that the stack knows", () => {
    expect(verdict(lost, { known: [fingerprintOf(SECRET)] })).toBe("absent");
    const keys = [listed(), listed({ key: TWIN })];
    expect(verdict(lost, { keys, known: [fingerprintOf(SECRET)] })).toEqual([fingerprintOf(TWIN)]);
  });

  it("is unclear when the key was used, for then somebody has it", () => {
    for (const used of [{ used_ammount: 0.1 }, { last_used: 1 }]) {
      expect(verdict(lost, { keys: [listed(used)] })).toMatch(/has been used since, so somebody has it/);
      expect(verdict(lost, { keys: [listed(), listed({ key: TWIN, ...used })] })).toContain(
        fingerprintOf(TWIN),
      );
    }
  });

  it("is unclear while another stack is making a key of the name", () => {
    expect(verdict(lost, { inTheMaking: ["web"] })).toMatch(/another stack is making/);
    expect(verdict(lost, { inTheMaking: ["web"], keys: [] })).toBe("absent");
    expect(verdict(lost, { inTheMaking: ["web-2"] })).toHaveLength(1);
  });

  it("is unclear when the list does not show the secret", () => {
    expect(verdict(lost, { keys: [listed({ key: undefined })] })).toMatch(/does not show the key's secret/);
    expect(verdict(lost, { keys: [listed(), listed({ key: undefined })] })).toMatch(/does not show/);
  });
});

describe.each(["state", "journal"] as const)(
  "by the %s, a creation under a name of a person's choice",
  (source) => {
    const lost = chosen[source];

    it("made no key when none has the name", () => {
      expect(verdict(lost, { keys: [listed({ name: "other" })] })).toBe("absent");
    });

    it("made the one key of the name that is as old as it", () => {
      expect(verdict(lost)).toEqual([fingerprintOf(SECRET)]);
    });

    it("is unclear with several, and with one of which nobody knows the age", () => {
      expect(verdict(lost, { keys: [listed(), listed({ key: TWIN })] })).toMatch(
        /2 keys of that name that no stack knows/,
      );
      expect(verdict(lost, { keys: [listed({ created_at: undefined })] })).toMatch(/nothing proves/);
    });

    it("is unclear with one that is older", () => {
      const created_at = (NOW_MS - 2 * HOUR_MS) / 1_000;
      expect(verdict(lost, { keys: [listed({ created_at })] })).toMatch(/nothing proves that the one/);
    });

    it("is unclear with one that was made long after it was over", () => {
      const created_at = (NOW_MS + 21 * 24 * HOUR_MS) / 1_000;
      expect(verdict(lost, { keys: [listed({ created_at })] })).toMatch(/nothing proves that the one/);
    });

    it("is unclear with one that is only a little too old, or too young", () => {
      const [from, to] = source === "state" ? [-HOUR_MS, HOUR_MS] : [0, HOUR_MS];
      const made = (atMs: number) =>
        verdict(lost, { keys: [listed({ created_at: (NOW_MS + atMs) / 1_000 })] });
      for (const own of [from - 3_000, to + 2_000]) expect(made(own)).toHaveLength(1);
      for (const foreign of [from - 4_000, to + 3_000]) expect(made(foreign)).toMatch(/nothing proves/);
    });

    it.each<[string, Partial<KeyObject>]>([
      ["budget", { allocated_ammount: 11 }],
      ["expiry", { expires_at: 4_102_444_800 }],
      ["models", { model_whitelist: ["a"] }],
      ["addresses", { ip_whitelist: ["10.0.0.0/8"] }],
    ])("is unclear with a key of another %s", (_, changes) => {
      expect(verdict(lost, { keys: [listed(changes)] })).toMatch(/nothing proves/);
    });

    it("is unclear with one that was used", () => {
      expect(verdict(lost, { keys: [listed({ used_ammount: 1 })] })).toMatch(/somebody has it/);
    });

    it("did not make a key that another stack knows", () => {
      expect(verdict(lost, { known: [fingerprintOf(SECRET)] })).toBe("absent");
    });

    it("is judged by the server's clock", () => {
      const dayS = (24 * HOUR_MS) / 1_000;
      const ahead = listed({ created_at: NOW_MS / 1_000 + dayS });
      expect(verdict(lost, { keys: [ahead], serverAheadMs: dayS * 1_000 })).toHaveLength(1);
      expect(verdict(lost, { serverAheadMs: dayS * 1_000 })).toMatch(/nothing proves/);
    });
  },
);

describe("a creation that the state calls pending, under a name of a person's choice", () => {
  it("is unclear where the state does not tell its age or its settings", () => {
    const undated = fromState({ ...pending, nameGenerated: false }, undefined);
    const shapeless = fromState({ ...pending, nameGenerated: false, inputs: { name: "web" } }, NOW_MS);
    for (const lost of [undated, shapeless]) expect(verdict(lost)).toMatch(/nothing proves/);
  });

  it("made nothing that could be found when its name is not known", () => {
    expect(verdict(fromState({ ...pending, name: undefined }, NOW_MS))).toBe("absent");
  });
});

describe("whatever is on the account", () => {
  const key = fc.record({
    name: fc.constantFrom("web", "web-2", "Web", ""),
    key: fc.option(
      fc.constantFrom("a", "b", "c", "d").map((letter) => `made-up-${letter}`),
      { nil: undefined },
    ),
    used_ammount: fc.constantFrom(0, 0, 0.5),
    last_used: fc.constantFrom(undefined, null, 1),
    created_at: fc.constantFrom(undefined, 1, NOW_MS / 1_000),
    allocated_ammount: fc.constantFrom(10, 11),
  });
  const world = fc.record({
    keys: fc.uniqueArray(key, { maxLength: 5, selector: (entry) => entry.key ?? entry }),
    known: fc.subarray(["a", "b", "c", "d"].map((letter) => fingerprintOf(`made-up-${letter}`))),
    lost: fc.constantFrom(generated.state, generated.journal, chosen.state, chosen.journal),
    serverAheadMs: fc.constantFrom(undefined, 0, -HOUR_MS, HOUR_MS),
  });

  it("a key that a stack knows, that was used or that has another name is never found", () => {
    fc.assert(
      fc.property(world, ({ keys, known, lost, serverAheadMs }) => {
        const knownKeys = new Set(known);
        const judged = judge(lost, {
          keys: keys.map(listed),
          known: knownKeys,
          inTheMaking: new Set(),
          serverAheadMs,
        });
        for (const { wire, fingerprint } of judged.kind === "found" ? judged.keys : []) {
          expect(wire.name).toBe("web");
          expect(knownKeys.has(fingerprint)).toBe(false);
          expect([wire.used_ammount, wire.last_used ?? null]).toEqual([0, null]);
          expect(fingerprint).toBe(fingerprintOf(wire.key ?? ""));
        }
      }),
    );
  });

  it("is absent just when no key that is not known has the name, and otherwise a reason says what to do", () => {
    fc.assert(
      fc.property(world, ({ keys, known, lost, serverAheadMs }) => {
        const knownKeys = new Set(known);
        const open = keys
          .map(listed)
          .filter(({ wire, fingerprint }) => wire.name === "web" && !knownKeys.has(fingerprint ?? ""));
        const judged = judge(lost, {
          keys: keys.map(listed),
          known: knownKeys,
          inTheMaking: new Set(),
          serverAheadMs,
        });
        expect(judged.kind === "absent").toBe(open.length === 0);
        expect(judged.kind === "found" ? judged.keys : open).toEqual(open);
        expect(judged.kind === "unclear" ? judged.problem.nextStep : "none").not.toBe("");
      }),
    );
  });
});
