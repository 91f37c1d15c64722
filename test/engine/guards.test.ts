import { describe, expect, it } from "vitest";
import type { ProxyKeyArgs } from "pulumi-electronhub";
import {
  declare,
  diagnosticsOf,
  LOOKUP,
  program,
  REMOVE,
  requestsAbout,
  TOGGLE,
  urnOf,
  useEngine,
} from "./fixture";

const engine = useEngine();

const DAY_S = 86_400;
const daysAgo = (days: number) => Math.floor(Date.now() / 1_000) - days * DAY_S;

const within = { refuseIfUsedWithin: "24h" } as const;
const park = { onDestroy: "disable" } as const;

/** Every guard on every state that a key may be in when the stack is destroyed. */
const GUARDED: Record<string, Partial<ProxyKeyArgs>> = {
  plain: {},
  used: within,
  idle: within,
  unused: within,
  gone: within,
  parked: park,
  off: { ...park, enabled: false },
  lost: park,
  "used-parked": { ...within, ...park },
  "idle-parked": { ...within, ...park },
};
const names = Object.keys(GUARDED);

/** The keys of the table, each named after its resource. */
const declared = (guarded: boolean) =>
  program(
    Object.fromEntries(
      names.map((name) => {
        const { enabled = true, ...guards } = GUARDED[name] ?? {};
        return [name, { name, enabled, ...(guarded ? guards : {}) }];
      }),
    ),
  );

describe("refuseIfUsedWithin and onDestroy", () => {
  it("decide what a destroy does to each key, and what it asks the API", async () => {
    const { simulator, project } = engine;
    const account = simulator.account();
    const stack = await engine.stack("guards", declared(false));
    await stack.up();
    engine.takeRequests();

    // A guard changes the state only.
    stack.setProgram(declared(true));
    expect((await stack.up()).changes).toEqual({ same: 2, update: 9 });
    expect(engine.takeRequests()).toEqual([]);

    const keys = await engine.secretKeys("guards");
    for (const name of ["used", "used-parked"]) account.spend(name, 1);
    for (const name of ["idle", "idle-parked"]) account.updateKey(name, { lastUsedUnixS: daysAgo(2) });
    for (const name of ["gone", "lost"]) account.removeKey(name);
    const balance = account.balance;

    const { exitCode, output } = await project.destroy("guards", ["--continue-on-error"]);
    expect(exitCode).not.toBe(0);
    const journal = engine.takeJournal();
    const asked = (name: string) => requestsAbout(journal, keys[name] ?? "");
    expect(Object.fromEntries(names.map((name) => [name, asked(name)]))).toEqual({
      plain: [REMOVE],
      used: [LOOKUP],
      idle: [LOOKUP, REMOVE],
      unused: [LOOKUP, REMOVE],
      gone: [LOOKUP],
      parked: [LOOKUP, TOGGLE],
      off: [LOOKUP],
      lost: [LOOKUP],
      "used-parked": [LOOKUP],
      "idle-parked": [LOOKUP, TOGGLE],
    });
    expect(journal).toHaveLength(14);

    const kept = await engine.keysInState("guards");
    expect(Object.keys(kept).toSorted()).toEqual(["used", "used-parked"]);
    const left = account.keys().map(({ name, isActive }) => [name, isActive] as const);
    expect(Object.fromEntries(left)).toEqual({
      used: true,
      "used-parked": true,
      parked: false,
      off: false,
      "idle-parked": false,
    });
    // The disabled keys keep their credits: only the three that were removed gave theirs back.
    expect(account.balance).toBe(balance + 3 * 10);
    const diagnostics = diagnosticsOf(output);
    for (const name of ["used", "used-parked"]) {
      const [, ...shown] = diagnostics.split(`Cannot remove proxy key "${name}" (${kept[name]?.id}): `);
      expect(shown, name).toHaveLength(1);
      expect(shown[0], name).toMatch(
        /^The key was used \d+ ?m?s ago, and refuseIfUsedWithin is 24h\.\n.*Nothing was removed\./,
      );
    }
    for (const name of ["parked", "off", "idle-parked"]) {
      const shown = new RegExp(`Proxy key "${name}" \\(pk-[0-9a-f]{16}\\) is disabled, not removed`, "g");
      expect(diagnostics.match(shown), name).toHaveLength(1);
    }
    expect(output).not.toMatch(/"(?:plain|idle|unused|gone|lost)" \(pk-[0-9a-f]{16}\) is disabled/);

    // Once they were not used for long enough, the next destroy finishes.
    for (const name of ["used", "used-parked"]) account.updateKey(name, { lastUsedUnixS: daysAgo(1) });
    expect(await project.destroy("guards")).toMatchObject({ exitCode: 0 });
    const second = engine.takeJournal();
    expect(requestsAbout(second, keys["used"] ?? "")).toEqual([LOOKUP, REMOVE]);
    expect(requestsAbout(second, keys["used-parked"] ?? "")).toEqual([LOOKUP, TOGGLE]);
    expect(await project.resources("guards")).toEqual([]);
    expect(account.findKey("used-parked")).toMatchObject({ isActive: false, allocatedAmount: 10 });
  });
});

describe("Pulumi's own guards", () => {
  it("protect refuses the destroy, retainOnDelete leaves the key on the account; neither sends a request", async () => {
    const { simulator, project } = engine;
    const stack = await engine.stack("kept", async () => {
      for (const name of ["protected", "retained"]) {
        declare(
          name,
          { name, budget: 10 },
          {
            protect: name === "protected",
            retainOnDelete: name === "retained",
          },
        );
      }
    });
    await stack.up();
    engine.takeRequests();

    const refused = await project.destroy("kept");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain(urnOf(engine, "kept", "protected"));
    expect(refused.output).toMatch(/protect/);
    expect(engine.takeRequests()).toEqual([]);
    // The engine may or may not have forgotten the other one before it stopped.
    expect(Object.keys(await engine.keysInState("kept"))).toContain("protected");
    expect(simulator.account().keys()).toHaveLength(2);

    expect(await project.pulumi(["state", "unprotect", "--all", "--yes", "--stack", "kept"])).toMatchObject({
      exitCode: 0,
    });
    expect(await project.destroy("kept")).toMatchObject({ exitCode: 0 });
    expect(engine.takeJournal()).toMatchObject([{ path: "/auth/proxy/remove", status: 200 }]);
    expect(await project.resources("kept")).toEqual([]);
    expect(
      simulator
        .account()
        .keys()
        .map(({ name }) => name),
    ).toEqual(["retained"]);
  });
});
