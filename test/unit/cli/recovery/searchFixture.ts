import { expect } from "vitest";
import { cacheFolder } from "../../../../provider/config";
import type { KeyObject } from "../../../../provider/api/wire";
import type { AccountView } from "../../../../provider/cli/account/accounts";
import {
  readStackKeys,
  type Checkpoint,
  type PendingCreation,
} from "../../../../provider/cli/pulumi/checkpoint";
import { searchLost } from "../../../../provider/cli/recovery/search";
import type { StackAccounts } from "../../../../provider/cli/account/stackAccounts";
import type { StackContext } from "../../../../provider/cli/stack/stackContext";
import { nameHashOf, readCreations } from "../../../../provider/lifecycle/creations/journalReader";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { BACKEND, creation, useJournals } from "../../lifecycle/journalFixture";
import { SECRET, wireKey } from "../../fixture";

const TYPE = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const URN = `urn:pulumi:dev::shop::${TYPE}::bot`;

interface Scene {
  /** The response to a lookup of a listed key. Default: the listed key. */
  lookup?: (listed: KeyObject | undefined) => Promise<KeyObject | undefined>;
  pending?: readonly Partial<PendingCreation>[];
  /** The account's keys. */
  keys?: readonly Partial<KeyObject>[];
  /** Secrets of the keys that the stacks of the backend have. */
  known?: readonly string[];
  /** Types of further resources in the state of another stack of the backend. */
  otherTypes?: readonly string[];
  /** Pending operations in the stack's state. */
  operations?: readonly object[];
  /** The id of the stack's backend. */
  backendId?: string | undefined;
  stack?: string;
  projectName?: string;
  removesDelivered?: boolean;
  /** The anonymous name of the configured account. */
  account?: string;
  /** When the state was saved. */
  savedMs?: number | undefined;
  stateKeys?: readonly string[];
  settleMs?: number;
  /** The clock of this machine. */
  nowMs?: () => number;
}

/** Searches stack `shop/dev`. Each test has its own journals. */
export function useSearch() {
  const journals = useJournals();

  async function search({
    pending = [],
    keys = [],
    known = [],
    otherTypes = [],
    operations = [],
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
    const resources = [
      ...known.map((key) => ({ urn: `${URN}2`, type: TYPE, id: fingerprintOf(key) })),
      ...otherTypes.map((type) => ({ urn: `urn::${type}`, type, id: "other" })),
    ];
    const project = {
      stacks: () => Promise.resolve([{ name: "dev" }]),
      keysOf: () => Promise.resolve(readStackKeys({ resources, pending_operations: operations })),
      lockHolders: () => Promise.resolve([]),
    };
    const sleep = async (delayMs: number) => {
      if (slept.push(delayMs) > 10) throw new Error("The search waits too often.");
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
      { dryRun: false, removesDelivered },
    );
    return { ...found, notes, slept };
  }

  /** Notes are written where commands look for them. */
  function journal(options: Parameters<typeof journals.journal>[0] = {}) {
    return journals.journal({ folder: folder(), ...options });
  }
  const folder = () => cacheFolder("creations", { XDG_CACHE_HOME: journals.root });
  const open = () => readCreations(folder());

  /** A note of a key that the plugin returned. */
  async function delivered(startedMs = 1, options: Parameters<typeof journal>[0] = {}) {
    const note = journal(options).begin(creation("bot-abc", startedMs));
    note.made(fingerprintOf(SECRET));
    note.delivered();
    await expect.poll(open).toMatchObject([{ nameHash: nameHashOf("bot-abc"), delivered: true }]);
  }

  return { search, journal, folder, open, delivered, cacheFolder: () => journals.root };
}

export const bot = (changes: Partial<PendingCreation> = {}): Partial<PendingCreation> => ({
  urn: URN,
  resource: "bot",
  name: "bot-abc",
  createdAs: "bot-abc",
  isAdoption: false,
  labels: undefined,
  ...changes,
});
