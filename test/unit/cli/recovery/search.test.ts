import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { creationsFolder } from "../../../../provider/config";
import { NotFoundError } from "../../../../provider/api/errors";
import type { KeyObject } from "../../../../provider/api/wire";
import type { AccountView } from "../../../../provider/cli/account/accounts";
import type { Checkpoint, PendingCreation } from "../../../../provider/cli/pulumi/checkpoint";
import { Refusal } from "../../../../provider/cli/problems";
import { searchLost } from "../../../../provider/cli/recovery/search";
import type { StackAccounts } from "../../../../provider/cli/account/stackAccounts";
import type { StackContext } from "../../../../provider/cli/stack/stackContext";
import { nameHashOf, readCreations } from "../../../../provider/lifecycle/creations/journalReader";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { BACKEND, creation, useJournals } from "../../lifecycle/journalFixture";
import { SECRET, wireKey } from "../../fixture";

const journals = useJournals();

const TYPE = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const URN = `urn:pulumi:dev::shop::${TYPE}::bot`;

interface Scene {
  /** What a lookup of a listed key says. Default: the same. */
  lookup?: (listed: KeyObject | undefined) => Promise<KeyObject | undefined>;
  pending?: readonly Partial<PendingCreation>[];
  /** The account's keys. */
  keys?: readonly Partial<KeyObject>[];
  /** Secrets of the keys that the stacks of the backend have. */
  known?: readonly string[];
  /** Of the stack that is searched. */
  backendId?: string | undefined;
  stack?: string;
  projectName?: string;
  removesDelivered?: boolean;
  /** The name of the account that is asked. */
  account?: string;
  /** Of the state. */
  savedMs?: number | undefined;
  stateKeys?: readonly string[];
  settleMs?: number;
  /** What the clock of this machine says, at each look at it. */
  nowMs?: () => number;
}

/** Notes and states of stack `shop/dev`, and one account. */
async function search({
  pending = [],
  keys = [],
  known = [],
  removesDelivered = false,
  account = "an account",
  stateKeys = [],
  lookup = (key) => Promise.resolve(key),
  nowMs = () => 1,
  ...changes
}: Scene) {
  const notes: string[] = [];
  const slept: number[] = [];
  const environment = { XDG_CACHE_HOME: journals.root };
  const resources = known.map((key) => ({ urn: `${URN}2`, type: TYPE, id: fingerprintOf(key) }));
  const project = {
    stacks: () => Promise.resolve([{ name: "dev" }]),
    encryptedDeployment: () => Promise.resolve({ version: 3, deployment: { resources } }),
    lockHolders: () => Promise.resolve([]),
  };
  const sleep = async (delayMs: number) => {
    if (slept.push(delayMs) > 10) throw new Error("It waits too often.");
  };
  const clock = { nowMs, sleep };
  const terminal = { note: (line: string) => notes.push(line), progress: () => {} };
  const world = { environment, clock, terminal, random: () => 0, stop: new AbortController().signal };
  const names = { stack: "dev", projectName: "shop", backendId: BACKEND };
  const task = { world, project, ...names, settleMs: 0, ...changes } as unknown as StackContext;
  const listed = keys.map((key) => wireKey(key));
  const view = {
    account,
    settings: { apiKey: "made-up", baseUrl: "https://api.example/v1" },
    begin: () => ({
      client: {
        list: () => Promise.resolve({ keys: listed }),
        lookup: (key: string) => lookup(listed.find((entry) => entry.key === key)),
      },
      call: {},
    }),
  } as unknown as AccountView;
  const accounts = { forResource: () => Promise.resolve(view) } as unknown as StackAccounts;
  const inState = stateKeys.map((key) => ({ fingerprint: fingerprintOf(key) }));
  const checkpoint = {
    pending,
    keys: inState,
    accounts: [],
    savedMs: "savedMs" in changes ? changes.savedMs : 1,
  } as unknown as Checkpoint;
  const found = await searchLost(
    task,
    accounts,
    { before: checkpoint, now: checkpoint },
    {
      patiently: true,
      removesDelivered,
    },
  );
  return { ...found, notes, slept };
}

/** Notes are written where commands look for them. */
function journal(options: Parameters<typeof journals.journal>[0] = {}) {
  return journals.journal({ folder: folder(), ...options });
}
const folder = () => creationsFolder({ XDG_CACHE_HOME: journals.root });
const open = () => readCreations(folder());

/** A note of a key that the plugin returned. */
async function delivered(startedMs = 1, options: Parameters<typeof journal>[0] = {}) {
  const note = journal(options).begin(creation("bot-abc", startedMs));
  note.made(fingerprintOf(SECRET));
  note.delivered();
  await expect.poll(open).toMatchObject([{ nameHash: nameHashOf("bot-abc"), delivered: true }]);
}

const bot = (changes: Partial<PendingCreation> = {}): Partial<PendingCreation> => ({
  urn: URN,
  resource: "bot",
  name: "bot-abc",
  createdAs: "bot-abc",
  isAdoption: false,
  ...changes,
});

describe("a journal that cannot be read", () => {
  it("does not exist where its folder is below a file, since no run could write it", async () => {
    writeFileSync(join(journals.root, "pulumi-electronhub"), "");
    expect(await search({})).toMatchObject({ found: [], problems: [] });
  });

  it("is refused with the folder's name otherwise", async () => {
    mkdirSync(join(folder(), "0123456789abcdef.jsonl"), { recursive: true });
    const refused = search({}).catch((error: unknown) => error);
    expect(await refused).toBeInstanceOf(Refusal);
    expect(await refused).toMatchObject({
      why: expect.stringContaining(`${folder()} cannot be read (EISDIR)`),
    });
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

describe("a note of a creation", () => {
  it("of this backend is forgotten where its account has no key of it", async () => {
    journal().begin(creation("bot-abc"));
    const { found, problems, forget } = await search({});
    expect([found, problems]).toEqual([[], []]);
    forget(false);
    expect(open()).toEqual([]);
  });

  it("finds the key of this backend's stack", async () => {
    journal().begin(creation("bot-abc"));
    const { found } = await search({ keys: [{ name: "bot-abc" }] });
    expect(found.map(({ fingerprint }) => fingerprint)).toEqual([fingerprintOf(SECRET)]);
  });

  it("finds the key whose use only a lookup shows, and leaves one alone whose use it does not show", async () => {
    journal().begin(creation("bot-abc"));
    const keys = [{ name: "bot-abc", last_used: undefined, used_ammount: undefined }];
    const shown = await search({ keys, lookup: () => Promise.resolve(wireKey({ name: "bot-abc" })) });
    expect([shown.found.length, shown.problems]).toEqual([1, []]);
    const used = await search({
      keys,
      lookup: () => Promise.resolve(wireKey({ name: "bot-abc", last_used: 1 })),
    });
    expect(used).toMatchObject({ found: [], problems: [{ why: expect.stringMatching(/used since/) }] });
    const unknown = await search({ keys });
    expect(unknown).toMatchObject({
      found: [],
      problems: [{ why: expect.stringMatching(/does not show whether/) }],
    });
  });

  it("does not take a part of a key, which the API does not know, for the key", async () => {
    journal().begin(creation("bot-abc"));
    const details = { why: "The account has no such key.", nextStep: "", saidByApi: true };
    const lookup = () => Promise.reject(new NotFoundError(details));
    const { found, problems, forget } = await search({ keys: [{ name: "bot-abc" }], lookup });
    expect(found).toEqual([]);
    expect(problems).toMatchObject([{ why: expect.stringMatching(/does not show the key's secret/) }]);
    forget(true);
    expect(open()).toHaveLength(1);
  });

  it("of another backend is told of, and never acted on", async () => {
    journal({ backendOf: () => "another backend" }).begin(creation("bot-abc"));
    const { found, problems, forget, notes } = await search({ keys: [{ name: "bot-abc" }] });
    expect([found, problems]).toEqual([[], []]);
    expect(notes).toEqual([expect.stringContaining("in another backend")]);
    forget(true);
    expect(open()).toHaveLength(1);
  });

  it.each([
    ["dev", "shop", 1],
    ["organization/shop/dev", "shop", 1],
    ["acme/shop/dev", "shop", 0],
    ["acme/dev", "shop", 0],
    ["dev", "app", 0],
    ["prod", "shop", 0],
  ])("of organization/shop/dev is one of stack %s of project %s: %s", async (stack, projectName, count) => {
    journal().begin(creation("bot-abc"));
    const { found } = await search({ keys: [{ name: "bot-abc" }], stack, projectName });
    expect(found).toHaveLength(count);
  });

  it.each([
    ["of a backend that is not known", undefined, BACKEND],
    ["for a command that does not know its backend", BACKEND, undefined],
    ["where neither is known", undefined, undefined],
  ])("%s reports the key, and is kept", async (_, noted, backendId) => {
    journal({ backendOf: () => noted }).begin(creation("bot-abc"));
    const there = await search({ keys: [{ name: "bot-abc" }], backendId });
    expect([there.found, there.problems]).toEqual([
      [],
      [{ why: expect.stringContaining("perhaps of another backend"), nextStep: expect.anything() }],
    ]);
    const gone = await search({ backendId });
    expect([gone.found, gone.problems]).toEqual([[], []]);
    for (const { forget } of [there, gone]) forget(true);
    expect(open()).toHaveLength(1);
  });

  it("of another account is kept, and reported, unless a stack has the key", async () => {
    journal().begin({ ...creation("bot-abc"), account: "another account" });
    const absent = await search({});
    expect(absent.problems).toMatchObject([
      { nextStep: expect.stringContaining(`delete ${join(folder(), "")}`) },
    ]);
    absent.forget(true);
    expect(open()).toHaveLength(1);
    const known = await search({ keys: [{ name: "bot-abc" }], known: [SECRET] });
    expect([known.found, known.problems]).toEqual([[], []]);
    known.forget(true);
    expect(open()).toEqual([]);
  });

  it("of another account finds its key all the same: the API key may have been replaced since", async () => {
    journal().begin({ ...creation("bot-abc"), account: "another account" });
    expect((await search({ keys: [{ name: "bot-abc" }] })).found).toHaveLength(1);
  });
});

describe("a delivered key", () => {
  const keys = [{ name: "bot-abc" }];

  it.each([
    ["that the state has", { stateKeys: [SECRET], savedMs: 4 }],
    ["that a later state has dropped on purpose", { savedMs: 5 }],
  ])("%s is not lost, and its note ends without a question to the account", async (_, state) => {
    await delivered(5);
    const { found, problems, forget } = await search({ keys, removesDelivered: true, ...state });
    expect([found, problems]).toEqual([[], []]);
    forget(false);
    expect(open()).toEqual([]);
  });

  it.each([4, undefined])("is lost where the state is older than its creation: %s", async (savedMs) => {
    await delivered(5);
    const reported = await search({ keys, savedMs });
    expect([reported.found, reported.problems]).toEqual([
      [],
      [{ why: expect.stringContaining("a program may have received it"), nextStep: expect.anything() }],
    ]);
    reported.forget(true);
    expect(open()).toHaveLength(1);
    // A run that was made meanwhile has saved a later state.
    const { found, problems } = await search({ keys, savedMs: 9, removesDelivered: true });
    expect([found.length, problems]).toEqual([1, []]);
  });

  it("that the account does not have is no problem, also on an account that is not proven", async () => {
    await delivered(5);
    for (const account of ["an account", "another account"]) {
      const { found, problems } = await search({ savedMs: 4, removesDelivered: true, account });
      expect([found, problems]).toEqual([[], []]);
    }
  });

  it.each([undefined, "another backend"])("of backend %s is never looked for", async (backend) => {
    await delivered(5, { backendOf: () => backend });
    const { found, problems, notes } = await search({ keys, savedMs: 4, removesDelivered: true });
    expect([found, problems, notes]).toEqual([[], [], []]);
  });
});

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

  it("is settled by a key that a stack has by now, whatever the account is", async () => {
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
      expect(problems.map(({ why }) => why)).toContainEqual(expect.stringContaining("not under which name"));
    }
  });
});
