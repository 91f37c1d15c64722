import { expect, it } from "vitest";
import { targetsOf, type Figures } from "../../bench/plugin";
import { inTurn } from "../../bench/rounds";
import { isMet } from "../../bench/table";

const GOOD = { upMs: 1_000, destroyMs: 500, upCpuS: 1, destroyCpuS: 1 };
const SLOW = { upMs: 9_000, destroyMs: 9_000, upCpuS: 9, destroyCpuS: 9 };

/** Figures that meet every target. One slow start and one slow round: the median leaves both out. */
function figures(changes: Partial<Figures> = {}): Figures {
  const requests = new Map([
    ["up (create)", 20],
    ["destroy", 20],
  ]);
  return {
    requests: { ours: requests, plugin: requests },
    starts: new Map([["plugin, bundled", [900, 300, 250]]]),
    rounds: {
      times: new Map([
        ["noop plugin", [GOOD, GOOD, GOOD]],
        ["ours", [GOOD, GOOD, GOOD]],
        ["plugin", [SLOW, GOOD, GOOD]],
      ]),
      bytes: new Map([
        ["ours", 3_000],
        ["plugin", 3_000],
      ]),
    },
    ...changes,
  };
}

const missed = (changes?: Partial<Figures>) =>
  targetsOf(figures(changes))
    .filter((target) => !isMet(target))
    .map(({ what }) => what.replace(/ of \d+/, ""));

it("meets the targets with medians", () => {
  expect(missed()).toEqual([]);
});

const { rounds } = figures();

it.each<[string, string[], Partial<Figures>]>([
  [
    "one operation with one more request",
    ["requests of the worst operation, less those of ours"],
    {
      requests: {
        ours: new Map([
          ["up (create)", 20],
          ["destroy", 20],
        ]),
        plugin: new Map([
          ["up (create)", 1],
          ["destroy", 21],
        ]),
      },
    },
  ],
  [
    "an operation that was not counted",
    ["requests of the worst operation, less those of ours"],
    { requests: { ours: new Map([["up (create)", 20]]), plugin: new Map() } },
  ],
  [
    "a larger state",
    ["bytes of state per key, over ours"],
    {
      rounds: {
        ...rounds,
        bytes: new Map([
          ["ours", 3_000],
          ["plugin", 3_010],
        ]),
      },
    },
  ],
  [
    "no state",
    ["bytes of state per key, over ours"],
    { rounds: { ...rounds, bytes: new Map([["ours", 3_000]]) } },
  ],
  [
    "a slow start",
    ["start of the bundled plugin, median"],
    { starts: new Map([["plugin, bundled", [100, 301, 302]]]) },
  ],
  ["no bundle", ["start of the bundled plugin, median"], { starts: new Map([["plugin", [1, 1, 1]]]) }],
  [
    "rounds as slow as those of ours",
    ["up, over noop plugin", "destroy, over noop plugin"],
    {
      rounds: {
        ...rounds,
        times: new Map([
          ["noop plugin", [GOOD]],
          ["ours", [SLOW]],
          ["plugin", [SLOW]],
        ]),
      },
    },
  ],
  [
    "slow rounds",
    ["up, over ours", "destroy, over ours", "up, over noop plugin", "destroy, over noop plugin"],
    { rounds: { ...rounds, times: new Map([...rounds.times, ["plugin", [SLOW, SLOW, GOOD]]]) } },
  ],
])("does not meet its target: %s", (_, what, changes) => {
  expect(missed(changes)).toEqual(what);
});

it("alternates the order of the rounds", () => {
  expect([0, 1, 2].map((turn) => inTurn(["a", "b"], turn))).toEqual([
    ["a", "b"],
    ["b", "a"],
    ["a", "b"],
  ]);
});
