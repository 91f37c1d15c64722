import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NotFoundError } from "../../../../provider/api/errors";
import { Refusal } from "../../../../provider/cli/problems";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { BACKEND, creation } from "../../lifecycle/journalFixture";
import { SECRET, wireKey } from "../../fixture";
import { bot, useSearch } from "./searchFixture";

const { search, journal, folder, open, delivered, cacheFolder } = useSearch();

describe("a journal that cannot be read", () => {
  it("does not exist where its folder is below a file, since no run could write it", async () => {
    writeFileSync(join(cacheFolder(), "pulumi-electronhub"), "");
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

describe("an operation that the engine saved after the response, but before the resource", () => {
  const fingerprint = fingerprintOf(SECRET);
  const type = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
  const resource = { urn: "urn", type, id: fingerprint, inputs: { __createdAs: "bot-abc" } };
  const operations = [{ type: "creating", resource }];

  it("does not hide the lost key", async () => {
    const { found, settled } = await search({
      pending: [bot({ fingerprint })],
      keys: [{ name: "bot-abc" }],
      operations,
    });
    expect(found).toMatchObject([{ fingerprint }]);
    expect(settled).toHaveLength(1);
  });

  it("identifies a key that has its chosen name by now, without this machine's journal", async () => {
    const pending = [bot({ fingerprint, chosenName: "billing" })];
    const { found, problems } = await search({ pending, keys: [{ name: "billing" }], operations });
    expect(found).toMatchObject([{ fingerprint }]);
    expect(problems).toEqual([]);
  });

  it("is no lost key where a state has it", async () => {
    const { found } = await search({
      pending: [bot({ fingerprint })],
      keys: [{ name: "bot-abc" }],
      known: [SECRET],
      operations,
    });
    expect(found).toEqual([]);
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

  it("finds nothing while a state has a type of this package that is not known, as it may hold the key", async () => {
    journal().begin(creation("bot-abc"));
    const otherTypes = ["electronhub:index:Team"];
    await expect(search({ keys: [{ name: "bot-abc" }], otherTypes })).rejects.toMatchObject({
      why: expect.stringMatching(/^Stack dev \(electronhub:index:Team\) has .* does not know/),
    });
    expect(open()).toHaveLength(1);
    // Without such a key there is nothing to remove.
    expect(await search({ otherTypes })).toMatchObject({ found: [], problems: [] });
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

  it("of another backend is reported, and never acted on", async () => {
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
    ["dev", "shop", [1, 0]],
    ["organization/shop/dev", "shop", [1, 0]],
    // A service may have a stack of this name in another organization, whose run may be making the key.
    ["acme/shop/dev", "shop", [0, 1]],
    ["dev", "app", [0, 0]],
  ])(
    "of /shop/dev, without an organization, is one of stack %s of project %s: %j",
    async (stack, projectName, expected) => {
      journal().begin({ ...creation("bot-abc"), stack: "/shop/dev" });
      const { found, problems } = await search({ keys: [{ name: "bot-abc" }], stack, projectName });
      expect([found.length, problems.length]).toEqual(expected);
    },
  );

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
