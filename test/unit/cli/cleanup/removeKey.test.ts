import { describe, expect, it } from "vitest";
import { Accounts } from "../../../../provider/cli/account/accounts";
import { Ownership } from "../../../../provider/cli/cleanup/ownership";
import { readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import type { PulumiProject } from "../../../../provider/cli/pulumi/project";
import { removeKey } from "../../../../provider/cli/cleanup/removeKey";
import { Terminal } from "../../../../provider/cli/terminal/terminal";
import type { CommandContext } from "../../../../provider/cli/commandContext";
import type { HttpResponse } from "../../../../provider/api/transport";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { VirtualClock } from "../../../support/virtualClock";
import { SECRET, wireKey } from "../../fixture";

const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
const KEY = { wire: wireKey(), fingerprint: fingerprintOf(SECRET) };
const REMOVED: HttpResponse = { status: 200, headers: {}, body: '{"message":"Proxy key deleted"}' };
const FAILED: HttpResponse = { status: 503, headers: { "retry-after": "5" }, body: "" };

/** An account that gives these answers to removals, and a backend with one stack. */
function scene(...answers: readonly HttpResponse[]) {
  const clock = new VirtualClock();
  const left = [...answers];
  const sent: string[] = [];
  let resources: object[] = [];
  let operations: object[] = [];
  let exports = 0;
  const stop = new AbortController();
  const terminal = new Terminal({ write: () => {} }, { write: () => {} });
  const transport = clock.watch({
    send: ({ url }) => {
      sent.push(url.pathname);
      return Promise.resolve(left.shift() ?? REMOVED);
    },
    close: () => Promise.resolve(),
  });
  const environment = { ELECTRONHUB_API_KEY: "ek-made-up-of-main", XDG_CACHE_HOME: "/nonexistent" };
  const dependencies = {
    clock,
    random: () => 0.5,
    randomBytes: () => new Uint8Array(),
    transport,
    environment,
  };
  const account = new Accounts(dependencies, terminal).forSettings(undefined, "/app");
  const project = {
    stacks: () => Promise.resolve([{ name: "dev" }]),
    keysOf: () => {
      exports++;
      return Promise.resolve(readStackKeys({ resources, pending_operations: operations }));
    },
  } as unknown as PulumiProject;
  const world = {
    clock,
    environment,
    stop: stop.signal,
    terminal,
    changes: { count: 0 },
  } as unknown as CommandContext;
  const ownership = new Ownership(project, world);
  return {
    clock,
    ownership,
    sent,
    stop,
    changes: world.changes,
    readings: () => exports,
    have: (...fingerprints: string[]) =>
      (resources = fingerprints.map((id) => ({ urn: `urn::${id}`, type: PROXY_KEY, id }))),
    make: (...names: string[]) =>
      (operations = names.map((name) => ({
        type: "creating",
        resource: { urn: `urn::${name}`, type: PROXY_KEY, inputs: { name } },
      }))),
    holdIn: (type: string) => (resources = [{ urn: "urn::other", type, id: "other" }]),
    remove: (before: () => void = () => {}, refuseIfUsedWithin?: string) =>
      removeKey(KEY, account, {
        changes: world.changes,
        refuseIfUsedWithin,
        requireUnowned: () => {
          before();
          return ownership.requireUnclaimed(KEY);
        },
      }),
  };
}

describe("a removal", () => {
  it("reads the stacks twice right before, and not again within a moment", async () => {
    const { clock, ownership, readings, remove, sent, changes } = scene();
    await ownership.read();
    clock.advance(60_000);
    expect(await remove()).toEqual({ outcome: "removed" });
    expect(readings()).toBe(4);
    expect(await remove()).toEqual({ outcome: "removed" });
    expect(readings()).toBe(4);
    expect(sent).toHaveLength(2);
    expect(changes.count).toBe(2);
  });

  it("is not sent for a key that a stack has taken meanwhile", async () => {
    const { clock, have, ownership, remove, sent, changes } = scene();
    await ownership.read();
    clock.advance(60_000);
    expect(await remove(() => have(KEY.fingerprint))).toMatchObject({
      outcome: "kept",
      why: `Stack dev has key "web" (${KEY.fingerprint}) in its state.`,
    });
    expect({ sent, changes }).toEqual({ sent: [], changes: { count: 0 } });
  });

  it("reads the stacks again when the clock was set back", async () => {
    const { clock, have, ownership, remove } = scene();
    await ownership.read();
    clock.advance(-3_600_000);
    expect(await remove(() => have(KEY.fingerprint))).toMatchObject({ outcome: "kept" });
  });

  it("is not sent for a key that any reading has shown in a stack", async () => {
    const { clock, have, ownership, remove, sent } = scene();
    have(KEY.fingerprint);
    await ownership.read();
    have();
    clock.advance(60_000);
    expect(await remove()).toMatchObject({ outcome: "kept" });
    expect(sent).toEqual([]);
  });

  it("is not sent while a run is making a key of that name", async () => {
    const { make, remove, sent } = scene();
    make("web");
    expect(await remove()).toMatchObject({
      outcome: "failed",
      why: expect.stringMatching(/^A run is making a key named "web"/),
    });
    expect(sent).toEqual([]);
  });

  it("is not sent once a state has a type of this package that is not known", async () => {
    const { clock, holdIn, ownership, remove, sent, changes } = scene();
    await ownership.read();
    clock.advance(60_000);
    expect(await remove(() => holdIn("electronhub:index:Team"))).toMatchObject({
      outcome: "failed",
      why: expect.stringMatching(/^Stack dev \(electronhub:index:Team\) has .* does not know/),
      nextStep: expect.stringMatching(/^Update pulumi-electronhub/),
    });
    await expect(ownership.requireUnowned(KEY)).rejects.toThrow(/does not know/);
    expect({ sent, changes }).toEqual({ sent: [], changes: { count: 0 } });
  });

  it("is not sent again after a lost response when a stack has taken the key meanwhile", async () => {
    const { have, remove, sent, changes } = scene(FAILED);
    let tries = 0;
    const removal = await remove(() => {
      if (tries++ > 0) have(KEY.fingerprint);
    });
    expect(removal).toMatchObject({
      outcome: "failed",
      why: expect.stringMatching(/^Stack dev has key .*An earlier request, whose response was lost/),
    });
    expect({ sent: sent.length, changes }).toEqual({ sent: 1, changes: { count: 1 } });
  });

  it("is not sent when the command is interrupted while the stacks are read", async () => {
    const { remove, sent, stop } = scene();
    expect(await remove(() => stop.abort(new Error("interrupted")))).toMatchObject({ outcome: "failed" });
    expect(sent).toEqual([]);
  });
});

describe("a removal of an unused key", () => {
  const last = { name: "web", allocated_ammount: 10, is_active: true, used_ammount: 0, last_used: null };
  const UNUSED: HttpResponse = { status: 200, headers: {}, body: JSON.stringify(last) };
  const paths = (sent: readonly string[]) => sent.map((path) => path.split("/").at(-1));

  it("looks again when reading the stacks took long, and after a lost response", async () => {
    const { clock, changes, remove, sent } = scene(UNUSED, UNUSED, FAILED, UNUSED, REMOVED);
    let asked = 0;
    const slowAtFirst = () => {
      if (asked++ === 0) clock.advance(11_000);
    };
    expect(await remove(slowAtFirst, "30d")).toEqual({ outcome: "removed" });
    expect(paths(sent)).toEqual(["lookup", "lookup", "remove", "lookup", "remove"]);
    expect({ asked, changes }).toEqual({ asked: 3, changes: { count: 1 } });
  });

  it("that a stack takes while it is looked up again is kept, since nothing was sent", async () => {
    const { clock, changes, have, remove, sent } = scene(UNUSED, UNUSED);
    let asked = 0;
    const takenLater = () => {
      if (asked++ === 0) clock.advance(11_000);
      else {
        clock.advance(3_000);
        have(KEY.fingerprint);
      }
    };
    expect(await remove(takenLater, "30d")).toMatchObject({ outcome: "kept" });
    expect(paths(sent)).toEqual(["lookup", "lookup"]);
    expect(changes.count).toBe(0);
  });
});

describe("a creation that is under way or interrupted", () => {
  it("claims keys of its name, but not one that is proven to be lost, and stays so while no stack has it", async () => {
    const { clock, have, make, ownership } = scene();
    make("web");
    await ownership.read();
    expect(ownership.claimOn(KEY)).toMatchObject({ kind: "making" });
    await expect(ownership.requireUnclaimed(KEY)).rejects.toMatchObject({ kind: "making" });
    await expect(ownership.requireUnowned(KEY)).resolves.toBeUndefined();
    have(KEY.fingerprint);
    clock.advance(60_000);
    await expect(ownership.requireUnowned(KEY)).rejects.toMatchObject({ kind: "owned" });
  });
});

it("a key without its secret is never called unowned", async () => {
  const { ownership } = scene();
  await ownership.read();
  const hidden = { wire: wireKey({ key: undefined }), fingerprint: undefined };
  expect(ownership.claimOn(hidden)).toMatchObject({ kind: "hidden" });
});
