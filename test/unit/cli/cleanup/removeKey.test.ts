import { describe, expect, it } from "vitest";
import { Accounts } from "../../../../provider/cli/account/accounts";
import { requireStillSelected } from "../../../../provider/cli/cleanup/changedKey";
import type { OrphanFilter } from "../../../../provider/cli/cleanup/orphanFilter";
import { Ownership } from "../../../../provider/cli/cleanup/ownership";
import { readStackKeys } from "../../../../provider/cli/pulumi/checkpoint";
import type { PulumiProject } from "../../../../provider/cli/pulumi/project";
import { removeKey } from "../../../../provider/cli/cleanup/removeKey";
import { recordedTerminal } from "../../../support/recordedTerminal";
import type { CommandContext } from "../../../../provider/cli/commandContext";
import type { HttpResponse } from "../../../../provider/api/transport";
import { fingerprintOf } from "../../../../provider/lifecycle/schema/state";
import { VirtualClock } from "../../../support/virtualClock";
import { NOW_MS, SECRET, wireKey } from "../../fixture";

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
  const { terminal } = recordedTerminal();
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
    remove: (before: () => void = () => {}, refuseIfUsedWithin?: string, filter?: OrphanFilter) =>
      removeKey(KEY, account, {
        changes: world.changes,
        refuseIfUsedWithin,
        requireStill: filter && ((found, nowMs) => requireStillSelected(KEY, filter, found, nowMs)),
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
      why: expect.stringMatching(/^A run is creating a key named "web"/),
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

describe("a removal of a disabled or expired key", () => {
  const DATE = { date: new Date(NOW_MS).toUTCString() };
  const shown = (changes: object, headers: object = DATE): HttpResponse => ({
    status: 200,
    headers: { ...headers },
    body: JSON.stringify({ name: "web", allocated_ammount: 10, expires_at: -1, ...changes }),
  });
  const paths = (sent: readonly string[]) => sent.map((path) => path.split("/").at(-1));
  const PAST_S = NOW_MS / 1_000 - 60;

  it.each<[OrphanFilter, object]>([
    [{ disabled: true }, { is_active: false }],
    [{ expired: true }, { expires_at: PAST_S, is_active: true }],
    [
      { disabled: true, expired: true },
      { expires_at: PAST_S, is_active: false },
    ],
  ])("looks the key up right before: %j", async (filter, found) => {
    const { remove, sent } = scene(shown(found));
    expect(await remove(undefined, undefined, filter)).toEqual({ outcome: "removed" });
    expect(paths(sent)).toEqual(["lookup", "remove"]);
  });

  it.each<[OrphanFilter, object, RegExp]>([
    [{ disabled: true }, { is_active: true }, /^Key "web" \(pk-\S+\) is kept: it was enabled again after/],
    [{ disabled: true }, {}, /the API does not show any more whether it is disabled/],
    [
      { disabled: true, expired: true },
      { is_active: false },
      /its expiry was changed .* it never expires now/,
    ],
    [{ expired: true }, { expires_at: NOW_MS / 1_000 + 60 }, /it expires at 2026-01-01T00:01:00Z now/],
    [{ expired: true }, { expires_at: undefined }, /does not show any more when it expires/],
  ])("keeps it when the lookup shows otherwise: %j %j", async (filter, found, why) => {
    const { changes, remove, sent } = scene(shown(found));
    expect(await remove(undefined, "30d", filter)).toMatchObject({
      outcome: "kept",
      why: expect.stringMatching(why),
      nextStep: expect.stringMatching(/leave --(?:disabled|expired) out\.$/),
    });
    expect({ sent: paths(sent), changes }).toEqual({ sent: ["lookup"], changes: { count: 0 } });
  });

  it("keeps an expired key when no response has the time", async () => {
    const { remove, sent } = scene(shown({ expires_at: PAST_S }, {}));
    expect(await remove(undefined, undefined, { expired: true })).toMatchObject({ outcome: "kept" });
    expect(paths(sent)).toEqual(["lookup"]);
  });

  it("looks again after a lost response, and says that it may be removed if it was enabled meanwhile", async () => {
    const { changes, remove, sent } = scene(shown({ is_active: false }), FAILED, shown({ is_active: true }));
    expect(await remove(undefined, undefined, { disabled: true })).toMatchObject({
      outcome: "failed",
      why: expect.stringMatching(
        /was enabled again .*An earlier request, whose response was lost, may have removed it/,
      ),
      nextStep: "Run the command again.",
    });
    expect(paths(sent)).toEqual(["lookup", "remove", "lookup"]);
    expect(changes.count).toBe(1);
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
