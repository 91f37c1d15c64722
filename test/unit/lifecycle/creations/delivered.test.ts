import { mkdir, readdir, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nameHashOf } from "../../../../provider/lifecycle/creations/journalReader";
import type { JournalOptions } from "../../../../provider/lifecycle/creations/journal";
import { doubtTaken, trustTaken } from "../../../../provider/lifecycle/creations/delivered";
import { creation, handOver, useJournals } from "../journalFixture";

const journals = useJournals();
const { journal, open } = journals;

/** Milliseconds. */
const DAY_MS = 86_400_000;

/** Two creations of an earlier run, unless the options say otherwise, one of which the engine took. */
async function noted(stack: string | undefined, options: Partial<JournalOptions> = {}) {
  const { soon, pass, engine } = handOver();
  const { begin } = journal({ defer: soon, run: "an earlier run", ...options });
  const [first] = [begin({ ...creation("taken", 1), stack }), begin({ ...creation("lost", 2), stack })];
  first.delivering(engine(true));
  await pass(false);
}
const left = () =>
  open()
    .filter(({ nameHash }) => nameHash !== nameHashOf("next"))
    .map((noted) => noted.delivered);

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

it("a file in which nothing is open is removed a day after its last line, and no other one", async () => {
  await noted("organization/shop/dev");
  journal().begin(creation("next")).end();
  const [file = ""] = await readdir(journals.folder);
  open()[0]?.settle();
  const path = join(journals.folder, file);
  await utimes(path, 10, 10);
  journal()
    .begin(creation("next", 10_000 + DAY_MS))
    .end();
  expect(await readdir(journals.folder)).toEqual([file]);
  journal()
    .begin(creation("next", 10_001 + DAY_MS))
    .end();
  expect(await readdir(journals.folder)).toEqual([]);

  await noted("organization/shop/dev");
  const [lost = ""] = await readdir(journals.folder);
  await utimes(join(journals.folder, lost), 10, 10);
  journal()
    .begin(creation("next", 10_001 + DAY_MS))
    .end();
  expect(left()).toEqual([false]);
});

it("what an engine took is kept within one run, whichever of its processes begins to make a key", async () => {
  await noted("organization/shop/dev", { run: "a run" });
  journal().begin(creation("next", 3));
  journal().begin(creation("next", 4));
  expect(left()).toEqual([true, false]);
});

it.each([
  ["another backend", { backendOf: () => "another backend" }],
  ["a backend that is not known", { backendOf: () => undefined }],
])("what an engine took is kept when the next run is of a stack of this name in %s", async (_, options) => {
  await noted("organization/shop/dev");
  journal(options).begin(creation("next"));
  expect(left()).toEqual([true, false]);
  await noted("organization/shop/test", options);
  journal().begin({ ...creation("next"), stack: "organization/shop/test" });
  expect(left()).toEqual([true, true, false, false]);
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
  const unreadable = join(journals.folder, "00000000000000ff.jsonl");
  await mkdir(unreadable);
  journal().begin(creation("next"));
  await rm(unreadable, { recursive: true });
  expect(open()).toHaveLength(3);
  expect(journals.troubles).toEqual([]);
});
