import { expect, it } from "vitest";
import { keysInStates } from "../../../../provider/cli/stack/keysInStates";
import { readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import type { PulumiProject } from "../../../../provider/cli/pulumi/project";
import { recordedTerminal } from "../../../support/recordedTerminal";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { VirtualClock } from "../../../support/virtualClock";
import { SECRET } from "../../fixture";

const { terminal } = recordedTerminal();
const world = { terminal, clock: new VirtualClock(1_000) };
const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";

/** The fingerprints that each stack has. */
type Stacks = Readonly<Record<string, readonly string[]>>;

/** A backend with these stacks. `change` is asked after every state that was read, with all that were read until then. */
function backend(
  stacks: Stacks,
  change: (read: readonly string[]) => Stacks | undefined = () => undefined,
  types: Readonly<Record<string, string>> = {},
) {
  let now = stacks;
  const read: string[] = [];
  const project = {
    stacks: () => Promise.resolve(Object.keys(now).map((name) => ({ name }))),
    keysOf: (stack: string) => {
      const resources = now[stack]?.map((id) => ({ urn: `urn::${id}`, type: types[id] ?? PROXY_KEY, id }));
      read.push(stack);
      now = change(read) ?? now;
      return Promise.resolve(resources && readStackKeys({ resources }));
    },
  };
  return { read, project: project as unknown as PulumiProject };
}

it("what any stack has is known after two complete readings, with the stack that has it", async () => {
  const { project, read } = backend({ a: ["pk-1"], b: ["pk-2", "pk-3"] });
  const known = await keysInStates(project, world);
  expect(read).toEqual(["a", "b", "a", "b"]);
  expect(Object.fromEntries(known.owners)).toEqual({ "pk-1": "a", "pk-2": "b", "pk-3": "b" });
  expect(known.stackCount).toBe(2);
});

it("a key that moves to a stack that was read already, from one that was not, is known", async () => {
  const { project } = backend({ a: [], b: ["pk-moved"] }, ({ length }) =>
    length === 1 ? { a: ["pk-moved"], b: [] } : undefined,
  );
  expect([...(await keysInStates(project, world)).owners.keys()]).toEqual(["pk-moved"]);
});

it("a key of a stack that gets another name before its state is read is known", async () => {
  const { project, read } = backend({ a: [], old: ["pk-1"] }, ({ length }) =>
    length === 1 ? { a: [], renamed: ["pk-1"] } : undefined,
  );
  const known = await keysInStates(project, world);
  expect([...known.owners]).toEqual([["pk-1", "renamed"]]);
  expect(read).toEqual(["a", "old", "a", "renamed", "a", "renamed"]);
});

it("a key of a stack that comes between two readings is known", async () => {
  const { project } = backend({ a: [] }, ({ length }) => (length === 1 ? { a: [], b: ["pk-1"] } : undefined));
  expect([...(await keysInStates(project, world)).owners.keys()]).toEqual(["pk-1"]);
});

it("a key that a stack takes after its last reading is known, as of the listing that shows no change", async () => {
  const { project, read } = backend({ a: [], b: [] }, ({ length }) =>
    length === 4 ? { a: ["pk-taken"], b: [] } : undefined,
  );
  let saved = "earlier";
  const { stacks } = project;
  project.stacks = async (options) => {
    if (read.length === 4) saved = "later";
    world.clock.advance(1_000);
    return (await stacks(options)).map((stack) =>
      Object.assign(stack, { lastUpdate: stack.name === "a" ? saved : "" }),
    );
  };
  const startMs = world.clock.nowMs();
  const known = await keysInStates(project, world);
  expect([...known.owners]).toEqual([["pk-taken", "a"]]);
  expect(read).toEqual(["a", "b", "a", "b", "a"]);
  // Two listings for the readings, one that shows the change, and the start of the last one.
  expect(known.asOfMs - startMs).toBe(3_000);
});

it("a stack with an update in progress is read again a few times", async () => {
  const { project, read } = backend({ a: [], b: [] });
  const { stacks } = project;
  project.stacks = async (options) =>
    (await stacks(options)).map((stack) => Object.assign(stack, { updateInProgress: stack.name === "a" }));
  await keysInStates(project, world);
  expect(read).toEqual(["a", "b", "a", "b", "a", "a", "a", "a"]);
});

it("a key that an import is about is known before the import has ended", () => {
  const operation = (fields: object) => ({
    type: "importing",
    resource: { urn: "urn", type: PROXY_KEY, ...fields },
  });
  const deployment = {
    pending_operations: [
      operation({ importID: "pk-1" }),
      operation({ id: "pk-2" }),
      operation({ id: SECRET }),
    ],
  };
  expect(readStackKeys(deployment).fingerprints).toEqual(["pk-1", "pk-2", fingerprintOf(SECRET)]);
});

it("nothing is known while stacks come and go in every reading", async () => {
  const { project } = backend({ a0: [] }, ({ length }) => ({ [`a${length}`]: [] }));
  await expect(keysInStates(project, world)).rejects.toMatchObject({
    why: expect.stringMatching(/list of stacks changes/),
    nextStep: expect.stringMatching(/^Wait until no run/),
  });
});

it("types of this package that are not known are named with their stacks, also if only one reading shows them", async () => {
  const types: Readonly<Record<string, string>> = { "a-pool": "electronhub:index:Pool" };
  const { project } = backend(
    { a: ["pk-1"], b: ["a-pool"] },
    ({ length }) => (length === 2 ? { a: ["pk-1"], b: [] } : undefined),
    types,
  );
  const { unknownTypes, owners } = await keysInStates(project, world);
  expect([...unknownTypes]).toEqual([["b", ["electronhub:index:Pool"]]]);
  expect([...owners.keys()]).toEqual(["pk-1"]);
});

it("only the stacks that match are read", async () => {
  const { project, read } = backend({ "pr-1": [], prod: ["pk-1"], "pr-2": [] });
  const known = await keysInStates(project, world, (stack) => stack.startsWith("pr-"));
  expect(known.stackCount).toBe(2);
  expect([...new Set(read)]).toEqual(["pr-1", "pr-2"]);
});
