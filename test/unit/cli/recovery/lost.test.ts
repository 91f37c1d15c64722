import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../../../provider/api/wire";
import type { ListedKey } from "../../../../provider/cli/account/accounts";
import type { PendingCreation } from "../../../../provider/cli/pulumi/checkpoint";
import {
  fromJournal,
  fromState,
  matchLost,
  type InterruptedCreation,
} from "../../../../provider/cli/recovery/lost";
import { nameHashOf, type OpenCreation } from "../../../../provider/lifecycle/creations/journalReader";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { NOW_MS, SECRET, wireKey } from "../../fixture";

const TWIN = SECRET.replace("Zk83", "Yj72");
const OWN = fingerprintOf(SECRET);
const HOUR_MS = 3_600_000;
const CREATED_AS = "web-abcdefg";

const pending: PendingCreation = {
  urn: "urn:pulumi:dev::app::pulumi-nodejs:dynamic/electronhub:ProxyKey::web",
  resource: "web",
  name: CREATED_AS,
  createdAs: CREATED_AS,
  chosenName: undefined,
  fingerprint: undefined,
  isAdoption: false,
  labels: undefined,
  account: undefined,
  sentTo: undefined,
};

const noted: OpenCreation = {
  file: "a file",
  id: "1",
  stack: "organization/app/dev",
  backend: "a backend",
  account: "an account",
  nameHash: nameHashOf(CREATED_AS),
  fingerprint: undefined,
  startedMs: NOW_MS,
  delivered: false,
  isLost: false,
  markLost: () => {},
  settle: () => {},
};

function listed(changes: Partial<KeyObject> = {}): ListedKey {
  const wire = wireKey({ name: CREATED_AS, ...changes });
  return { wire, fingerprint: wire.key === undefined ? undefined : fingerprintOf(wire.key) };
}

/** How it is judged: by which keys, or for which reasons not. */
function verdict(lost: InterruptedCreation, keys: readonly ListedKey[], known: readonly string[] = []) {
  const { found, problems } = matchLost(lost, keys, new Set(known));
  return { found: found.map(({ fingerprint }) => fingerprint), problems: problems.map(({ why }) => why) };
}

const absent = { found: [], problems: [] };
const found = (...fingerprints: string[]) => ({ found: fingerprints, problems: [] });
const unclear = (...reasons: RegExp[]) => ({
  found: [],
  problems: reasons.map((reason) => expect.stringMatching(reason)),
});

const bySource = {
  state: fromState(pending, undefined, NOW_MS),
  journal: fromJournal(noted),
  both: fromState(pending, noted, NOW_MS),
};

describe.each(["state", "journal", "both"] as const)("by the %s, a creation", (source) => {
  const lost = bySource[source];

  it("made no key when none has the generated name", () => {
    expect(verdict(lost, [])).toEqual(absent);
    expect(verdict(lost, [listed({ name: "web" }), listed({ name: "Web-abcdefg" })])).toEqual(absent);
  });

  it("made the key of the name, with any age and settings", () => {
    for (const changes of [{}, { created_at: 1, allocated_ammount: 3 }, { created_at: undefined }]) {
      expect(verdict(lost, [listed(changes)])).toEqual(found(OWN));
    }
  });

  it("made the key of a name that the API has trimmed or normalised", () => {
    const decomposed = { ...pending, createdAs: "cafe\u0301-abcdefg" };
    const made = fromState(decomposed, undefined, NOW_MS);
    expect(verdict(made, [listed({ name: "caf\u00e9-abcdefg" })])).toEqual(found(OWN));
    expect(verdict(lost, [listed({ name: ` ${CREATED_AS} ` })])).toEqual(found(OWN));
  });

  it("made both keys of the name, when a request took effect late", () => {
    expect(verdict(lost, [listed(), listed({ key: TWIN })])).toEqual(found(OWN, fingerprintOf(TWIN)));
  });

  it("did not make a key that a stack knows", () => {
    expect(verdict(lost, [listed()], [OWN])).toEqual(absent);
    expect(verdict(lost, [listed(), listed({ key: TWIN })], [OWN])).toEqual(found(fingerprintOf(TWIN)));
  });

  it("is unclear when the key was used, for then an application has it", () => {
    for (const used of [{ used_ammount: 0.1 }, { last_used: 1 }]) {
      expect(verdict(lost, [listed(used)])).toEqual(unclear(/\(pk-\S+\) has been used since/));
    }
  });

  it("is unclear when the account does not show whether the key was used", () => {
    for (const unknown of [{ last_used: undefined }, { used_ammount: undefined }]) {
      expect(verdict(lost, [listed(unknown)])).toEqual(
        unclear(/does not show whether the key \(pk-\S+\) has/),
      );
    }
    expect(verdict(lost, [listed({ last_used: undefined, used_ammount: 1 })])).toEqual(
      unclear(/been used since/),
    );
  });

  it("is unclear when the list does not show the secret", () => {
    expect(verdict(lost, [listed({ key: undefined })])).toEqual(unclear(/does not show the key's secret/));
  });
});

describe("a creation whose response this machine noted", () => {
  const named = { ...pending, name: "web", chosenName: "web" };

  it.each([
    ["journal", fromJournal({ ...noted, fingerprint: OWN })],
    ["state", fromState(named, { fingerprint: OWN }, NOW_MS)],
  ])("made the key of that fingerprint, under any name: %s", (_, lost) => {
    expect(verdict(lost, [listed({ name: "web" }), listed({ name: "web", key: TWIN })])).toEqual(found(OWN));
    expect(verdict(lost, [listed({ name: "web", last_used: 1 })])).toEqual(unclear(/used since/));
    expect(verdict(lost, [listed({ name: "web" })], [OWN])).toEqual(absent);
    expect(verdict(lost, [listed({ name: "web", key: TWIN })])).toEqual(absent);
  });
});

describe("a creation under a chosen name, of which only the state remembers", () => {
  const lost = fromState({ ...pending, name: "web", chosenName: "web" }, undefined, NOW_MS);
  const made = (atMs: number) =>
    verdict(lost, [listed({ name: "web", created_at: (NOW_MS + atMs) / 1_000 })]);

  it("made the key of the generated name", () => {
    expect(verdict(lost, [listed()])).toEqual(found(OWN));
  });

  it("is never said to have made a key of the chosen name, however well it fits", () => {
    for (const atMs of [-23 * HOUR_MS, -HOUR_MS, 0, HOUR_MS, 9_999 * HOUR_MS]) {
      expect(made(atMs)).toEqual(unclear(new RegExp(`a key of that name \\(${OWN}\\) that is in no stack`)));
    }
    expect(verdict(lost, [listed({ name: " web", created_at: undefined })])).toEqual(
      unclear(/that is in no stack/),
    );
    expect(verdict(lost, [listed({ name: "web", key: undefined })])).toEqual(unclear(/secret not shown/));
  });

  it("did not make one that is much older than the state, or that a stack knows", () => {
    expect(made(-25 * HOUR_MS)).toEqual(absent);
    expect(verdict(lost, [listed({ name: "web" })], [OWN])).toEqual(absent);
  });

  it("made the one of the generated name, if another key has the chosen one", () => {
    const { found: keys, problems } = verdict(lost, [listed({ key: TWIN, name: "web" }), listed()]);
    expect(keys).toEqual([OWN]);
    expect(problems).toEqual([expect.stringContaining(fingerprintOf(TWIN))]);
  });

  it("is never said to have made one where the state does not name the generated name", () => {
    const nameless = fromState({ ...pending, createdAs: undefined, chosenName: "web" }, undefined, NOW_MS);
    expect(verdict(nameless, [listed({ name: "web" })])).toEqual(unclear(/that is in no stack/));
  });

  it("is unclear about a key of any age where the state does not say when it was saved", () => {
    const undated = fromState({ ...pending, chosenName: "web" }, undefined, undefined);
    expect(verdict(undated, [listed({ name: "web", created_at: 1 })])).toEqual(
      unclear(/that is in no stack/),
    );
  });
});

it("a key that a stack has, that was used, or that does not match exactly is never found", () => {
  const secrets = ["a", "b", "c", "d"].map((letter) => `made-up-${letter}`);
  const key = fc.record({
    name: fc.constantFrom(CREATED_AS, "web", "Web-abcdefg", ""),
    key: fc.option(fc.constantFrom(...secrets), { nil: undefined }),
    used_ammount: fc.constantFrom(undefined, 0, 0, 0.5),
    last_used: fc.constantFrom(undefined, null, null, 1),
    created_at: fc.constantFrom(undefined, 1, NOW_MS / 1_000),
    allocated_ammount: fc.constantFrom(10, 11),
  });
  const world = fc.record({
    keys: fc.uniqueArray(key, { maxLength: 5, selector: (entry) => entry.key ?? entry }),
    known: fc.subarray(secrets.map(fingerprintOf)),
    noted: fc.option(fc.constantFrom(...secrets.map(fingerprintOf)), { nil: undefined }),
    chosenName: fc.constantFrom(undefined, "web"),
  });
  fc.assert(
    fc.property(world, ({ keys, known, noted: fingerprint, chosenName }) => {
      for (const lost of [
        fromState({ ...pending, chosenName }, { fingerprint }, NOW_MS),
        fromJournal({ ...noted, fingerprint }),
      ]) {
        const judged = matchLost(lost, keys.map(listed), new Set(known));
        for (const { wire, ...made } of judged.found) {
          expect(wire.name === CREATED_AS || made.fingerprint === fingerprint).toBe(true);
          expect(known).not.toContain(made.fingerprint);
          expect([wire.used_ammount, wire.last_used]).toEqual([0, null]);
          expect(made.fingerprint).toBe(fingerprintOf(wire.key ?? ""));
        }
        for (const { nextStep } of judged.problems) expect(nextStep).not.toBe("");
      }
    }),
  );
});
