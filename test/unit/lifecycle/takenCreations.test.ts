import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nameHashOf } from "../../../provider/lifecycle/creationNotes";
import type { JournalOptions } from "../../../provider/lifecycle/creations";
import { doubtTaken, trustTaken } from "../../../provider/lifecycle/takenCreations";
import { creation, DEAD_PID, handOver, useJournals } from "./journalFixture";

const journals = useJournals();
const { journal, open } = journals;

/** Milliseconds. */
const DAY_MS = 86_400_000;

/** Two creations of a process that has ended, or runs, one of which the engine took. */
async function noted(stack: string | undefined, options: Partial<JournalOptions> = {}) {
  const { soon, pass, engine } = handOver();
  const { begin } = journal({ soon, pid: DEAD_PID, ...options });
  const [first] = [begin({ ...creation("taken", 1), stack }), begin({ ...creation("lost", 2), stack })];
  first.handOver(engine(true));
  await pass(false);
}
const left = () =>
  open()
    .filter(({ nameHash }) => nameHash !== nameHashOf("next"))
    .map((noted) => noted.taken);

it("what an engine took is forgotten when the stack's next run begins to make a key; what is lost is not", async () => {
  await noted("organization/shop/dev");
  expect(left()).toEqual([true, false]);
  journal().begin(creation("next"));
  expect(left()).toEqual([false]);
});

it("what an engine took is kept by the next run of a stack whose state is an older copy, until that is dealt with", async () => {
  await noted("organization/shop/dev");
  doubtTaken(journals.folder, "shop/dev");
  journal().begin(creation("next"));
  expect(left()).toEqual([true, false]);
  doubtTaken(journals.folder, "shop/prod");
  trustTaken(journals.folder, "shop/dev");
  trustTaken(journals.folder, "shop/dev");
  journal().begin(creation("next"));
  expect(left()).toEqual([false]);
});

it("what an engine took leaves no file behind", async () => {
  const { soon, pass, engine } = handOver();
  journal({ soon, pid: DEAD_PID }).begin(creation("a")).handOver(engine(true));
  await pass(false);
  journal().begin(creation("next")).end();
  expect(await readdir(journals.folder)).toEqual([]);
});

it("what an engine took is kept within one run", async () => {
  const { begin } = journal();
  begin(creation("next", 1));
  await noted("organization/shop/dev");
  begin(creation("next", 2));
  expect(left()).toEqual([true, false]);
});

it("what an engine took by a process that still runs is kept", async () => {
  await noted("organization/shop/dev", { pid: process.ppid });
  journal().begin(creation("next"));
  expect(left()).toEqual([true, false]);
});

it.each([
  ["another stack", "organization/shop/dev", "organization/shop/prod"],
  ["a stack of another project", "organization/shop/dev", "organization/office/dev"],
  ["no stack that is known", "organization/shop/dev", undefined],
  ["no stack itself", undefined, undefined],
])("what an engine took is kept when the next run is of %s, for 30 days", async (_, stack, nextStack) => {
  await noted(stack);
  journal().begin({ ...creation("next", 30 * DAY_MS + 1), stack: nextStack });
  expect(left()).toEqual([true, false]);
  journal().begin({ ...creation("next", 30 * DAY_MS + 2), stack: nextStack });
  expect(left()).toEqual([false]);
});

it("what an engine took is kept while a journal cannot be read, and the next creation is noted all the same", async () => {
  await noted("organization/shop/dev");
  const unreadable = join(journals.folder, `${DEAD_PID}-ff.jsonl`);
  await mkdir(unreadable);
  journal().begin(creation("next"));
  await rm(unreadable, { recursive: true });
  expect(open()).toHaveLength(3);
  expect(journals.troubles).toEqual([]);
});
