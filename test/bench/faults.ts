import type { FaultEffect } from "../../provider/testing";
import { bareNotFound, edgePage } from "../../provider/testing";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import { BYSTANDER, createFixture, type MatrixFixture } from "../matrix/fixture";
import type { SectionResult, Target } from "./table";

const KEY_NAME = "bot";

/** One operation of a provider. Throws if it fails. */
interface Verbs {
  /** @returns the created key. */
  create(): Promise<string>;
  remove(key: string): Promise<void>;
}

interface Case {
  label: string;
  verb: "create" | "remove";
  /** What happens to the first request. Absent: the key was removed outside before. */
  effect?: FaultEffect;
}

const CASES: readonly Case[] = [
  { label: "create: connection lost after the key exists", verb: "create", effect: { cut: "after" } },
  { label: "create: 503 after the key exists", verb: "create", effect: { status: 503, applied: true } },
  { label: "create: 429", verb: "create", effect: { status: 429, headers: { "retry-after": "60" } } },
  { label: "destroy: the key was removed outside", verb: "remove" },
  { label: "destroy: 404 of a route, not of the key", verb: "remove", effect: bareNotFound() },
  { label: "destroy: 404 with an HTML page", verb: "remove", effect: edgePage(404) },
  {
    label: "destroy: 200 of another service",
    verb: "remove",
    effect: { status: 200, body: { status: "maintenance" } },
  },
  { label: "destroy: 429", verb: "remove", effect: { status: 429, headers: { "retry-after": "60" } } },
  { label: "destroy: 503", verb: "remove", effect: { status: 503 } },
  { label: "destroy: connection lost after the removal", verb: "remove", effect: { cut: "after" } },
];

/** How providers for such keys treat one bad response each. */
const PROVIDERS: Readonly<Record<string, (fixture: MatrixFixture) => Verbs>> = {
  ours: (fixture) => {
    const provider = fixture.newProcess(fixture.newTransport());
    return {
      create: async () => {
        const { outs } = await provider.create({ budget: 5 });
        return (outs as { key: string }).key;
      },
      remove: (key) => provider.delete(fingerprintOf(key), { key, name: KEY_NAME, budget: 5 }),
    };
  },
  plain: (fixture) => fetching(fixture, { attempts: 1, gone: [] }),
  // As generated clients often do: every request again after 5xx and lost connections, and any 404 counts as deleted.
  "repeats, any 404": (fixture) => fetching(fixture, { attempts: 6, gone: [404] }),
};

export async function faults(): Promise<SectionResult> {
  const rows: string[][] = [];
  let lost = 0;
  let failed = 0;
  for (const { label, ...fault } of CASES) {
    const outcomes: string[] = [];
    for (const start of Object.values(PROVIDERS)) outcomes.push(await play(start, fault));
    rows.push([label, ...outcomes]);
    if (outcomes[0]?.includes("in no state")) lost++;
    if (outcomes[0]?.startsWith("fails")) failed++;
  }
  const targets: Target[] = [
    { what: "ours: cases that leave a key in no state", measured: lost, atMost: 0 },
    {
      what: "ours: cases that fail, all of them without proof that the key is gone",
      measured: failed,
      atMost: 3,
    },
  ];
  return {
    title: "faults",
    notes: [
      "One bad response to the first request of an operation, then a sound API: the operation's result, and the keys that exist",
      "on the account and are in no state. `plain`: one fetch for each operation. `repeats, any 404`: a client that repeats every",
      "request after a 5xx or a lost connection, and counts every JSON 404 of a removal as deleted.",
    ],
    tables: [{ title: "one bad response", columns: ["case", ...Object.keys(PROVIDERS)], rows }],
    targets,
  };
}

async function play(
  start: (fixture: MatrixFixture) => Verbs,
  { verb, effect }: Omit<Case, "label">,
): Promise<string> {
  const fixture = await createFixture();
  const { account, simulator } = fixture;
  try {
    const verbs = start(fixture);
    const state = new Set<string>();
    const known = verb === "remove" ? account.addKey({ name: KEY_NAME, allocatedAmount: 5 }).key : undefined;
    if (known !== undefined) state.add(known);
    if (effect === undefined) account.removeKey(KEY_NAME);
    else simulator.inject({ ...effect, on: { path: `/auth/proxy/${verb}` } });
    let result = "done";
    try {
      if (known === undefined) state.add(await verbs.create());
      else {
        await verbs.remove(known);
        state.delete(known);
      }
    } catch {
      result = "fails";
    }
    const keys = account.keys().filter(({ name }) => name !== BYSTANDER);
    const inNoState = keys.filter(({ key }) => !state.has(key)).length;
    return inNoState === 0 ? result : `${result}, ${inNoState} key in no state`;
  } finally {
    await fixture.close();
  }
}

interface FetchOptions {
  attempts: number;
  /** The statuses of a removal that count as deleted. */
  gone: readonly number[];
}

function fetching({ account, simulator }: MatrixFixture, { attempts, gone }: FetchOptions): Verbs {
  const send = async (path: string, body: object, left = attempts): Promise<Response> => {
    try {
      const response = await fetch(`${simulator.baseUrl}/auth/proxy/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${account.apiKey}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (response.status >= 500 && left > 1) return send(path, body, left - 1);
      return response;
    } catch (error) {
      if (left > 1) return send(path, body, left - 1);
      throw error;
    }
  };
  const json = async (response: Response, accepted: readonly number[] = []): Promise<unknown> => {
    if (!response.ok && !accepted.includes(response.status)) throw new Error(`HTTP ${response.status}`);
    return response.json();
  };
  return {
    create: async () => {
      const settings = { name: KEY_NAME, allocated_ammount: 5, expires_at: -1 };
      return ((await json(await send("create", settings))) as { key: string }).key;
    },
    remove: async (key) => void (await json(await send("remove", { proxy_key: key }), gone)),
  };
}
