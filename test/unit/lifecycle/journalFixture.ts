import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import {
  nameHashOf,
  readCreations,
  type OpenCreation,
} from "../../../provider/lifecycle/creations/journalReader";
import {
  creationJournal,
  type CreationJournal,
  type JournalOptions,
} from "../../../provider/lifecycle/creations/journal";

export const BACKEND = "a backend";

export interface Journals {
  /** Removed after each test. */
  root: string;
  /** Not there before something is noted. */
  folder: string;
  readonly troubles: string[];
  journal(options?: Partial<JournalOptions>): CreationJournal;
  open(): OpenCreation[];
}

/** A folder of journals for each test. */
export function useJournals(): Journals {
  const journals: Journals = {
    root: "",
    folder: "",
    troubles: [],
    journal: (options) =>
      creationJournal({
        folder: journals.folder,
        onTrouble: (reason) => journals.troubles.push(reason),
        backendOf: () => BACKEND,
        ...options,
      }),
    open: () => readCreations(journals.folder),
  };
  beforeEach(async () => {
    journals.root = await mkdtemp(join(tmpdir(), "creations-"));
    journals.folder = join(journals.root, "deep", "creations");
    journals.troubles.length = 0;
  });
  afterEach(async () => {
    await rm(journals.root, { recursive: true, force: true });
  });
  return journals;
}

export function creation(name: string, startedMs = 1) {
  return { stack: "organization/shop/dev", account: "an account", nameHash: nameHashOf(name), startedMs };
}
