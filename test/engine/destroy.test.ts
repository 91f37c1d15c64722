import { describe, expect, it } from "vitest";
import {
  bareNotFound,
  edgePage,
  type Dialect,
  type FaultSpec,
  type InjectedFault,
} from "../../provider/testing";
import {
  allReached,
  diagnosticsOf,
  LIST,
  program,
  REMOVE,
  requestsAbout,
  times,
  urnOf,
  useEngine,
} from "./fixture";

const engine = useEngine([{ name: "main" }, { name: "other" }]);

const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, { name }]));

/** Makes a stack with a key for each name. */
async function deployed(stackName: string, names: readonly string[]) {
  const stack = await engine.stack(stackName, program(named(names)));
  await stack.up();
  engine.takeRequests();
  return engine.secretKeys(stackName);
}

function onRemove(keyName: string, fault: Omit<FaultSpec, "on">): InjectedFault {
  return engine.simulator.inject({ on: { path: "/auth/proxy/remove", keyName }, ...fault });
}

const names = (): string[] =>
  engine.simulator
    .account()
    .keys()
    .map(({ name }) => name);

describe("succeeds", () => {
  it("when the API fails at first, and when the connection ends before or after the effect", async () => {
    const keys = await deployed("trouble", ["plain", "failing", "cut-before", "cut-after", "cut-answer"]);
    onRemove("failing", { status: 500, times: 2 });
    onRemove("cut-before", { cut: "before" });
    onRemove("cut-after", { cut: "after" });
    onRemove("cut-answer", { cut: "midBody" });

    const destroy = await engine.project.destroy("trouble");
    expect(destroy).toMatchObject({ exitCode: 0 });
    const journal = engine.takeJournal();
    expect(requestsAbout(journal, keys["plain"] ?? "")).toEqual([REMOVE]);
    expect(requestsAbout(journal, keys["failing"] ?? "")).toEqual(times(3, REMOVE));
    for (const name of ["cut-before", "cut-after", "cut-answer"]) {
      expect(requestsAbout(journal, keys[name] ?? ""), name).toEqual(times(2, REMOVE));
    }
    expect(journal).toHaveLength(10);
    expect(names()).toEqual([]);
    expect(await engine.project.resources("trouble")).toEqual([]);
  });

  it("when a key is gone already, in each shape of the API's 404", async () => {
    const shapes: readonly Dialect["errorShape"][] = ["error", "detail", "detailError"];
    const keys = await deployed("gone", shapes);
    for (const shape of shapes) engine.simulator.account().removeKey(keys[shape] ?? "");
    for (const errorShape of shapes) {
      Object.assign(engine.simulator.dialect, { errorShape });
      const destroy = await engine.project.destroy("gone", ["--target", urnOf(engine, "gone", errorShape)]);
      expect(destroy, errorShape).toMatchObject({ exitCode: 0 });
      expect(engine.takeJournal()).toMatchObject([{ path: "/auth/proxy/remove", status: 404 }]);
    }
    expect(await engine.keysInState("gone")).toEqual({});
  });

  it("on a 404 that is not the API's, once the account's list shows that the key is gone", async () => {
    const keys = await deployed("foreign-404", ["one", "two"]);
    for (const key of Object.values(keys)) engine.simulator.account().removeKey(key);
    engine.simulator.inject({ on: { path: "/auth/proxy/remove" }, ...bareNotFound() });
    engine.simulator.inject({ on: { path: "/auth/proxy/remove" }, ...edgePage(404) });

    expect(await engine.project.destroy("foreign-404")).toMatchObject({ exitCode: 0 });
    const requests = engine.takeRequests();
    expect(requests.slice(0, 1)).toEqual([REMOVE]);
    expect(requests.filter((request) => request === REMOVE)).toHaveLength(2);
    expect(new Set(requests)).toEqual(new Set([REMOVE, LIST]));
    expect(await engine.project.resources("foreign-404")).toEqual([]);
  });
});

describe("fails, and keeps the resource in the state", () => {
  it("on a key that another account owns; the others go", async () => {
    const keys = await deployed("refused", ["mine", "theirs"]);
    const stolen = keys["theirs"] ?? "";
    engine.simulator.account().removeKey(stolen);
    engine.simulator.account("other").addKey({ name: "theirs", key: stolen });
    const held = onRemove("theirs", { hold: true });

    const destroy = engine.project.spawn(["destroy", "--yes", "--skip-preview", "--stack", "refused"]);
    await allReached([held], destroy.done);
    await destroy.waitForOutput(/mine deleted/);
    held.release();
    const { exitCode, output } = await destroy.done;
    expect(exitCode).not.toBe(0);
    expect(engine.takeRequests()).toEqual(times(2, REMOVE));

    const { theirs, ...others } = await engine.keysInState("refused");
    expect(others).toEqual({});
    const sentence = `Cannot remove proxy key "theirs" (${theirs?.id}): The key is owned by another account`;
    const diagnostics = diagnosticsOf(output);
    expect(diagnostics.split(sentence)).toHaveLength(2);
    expect(diagnostics).toContain("HTTP 403");
    expect(diagnostics).toContain("Use the API key of the account that owns it");
    expect(output).not.toMatch(/^ +at /m);
    expect(output).not.toContain(stolen);
    expect(engine.simulator.account("other").keys()).toHaveLength(1);

    // Back with its owner, the next destroy finishes.
    engine.simulator.account("other").removeKey(stolen);
    engine.simulator.account().addKey({ name: "theirs", key: stolen });
    expect(await engine.project.destroy("refused")).toMatchObject({ exitCode: 0 });
    expect(names()).toEqual([]);
  });

  it("on every other refusal, and on a 404 while the account still lists the key", async () => {
    const says = (message: string) => ({ error: { message, type: "error", param: null, code: null } });
    const refusals: Record<string, { fault: Omit<FaultSpec, "on">; says: RegExp }> = {
      unauthorized: {
        fault: { status: 401, body: says("Invalid API key") },
        says: /does not accept this API key.*\n.*last `pulumi up`.*--run-program/,
      },
      invalid: {
        fault: { status: 400, body: says("proxy_key is too long") },
        says: /calls the request invalid \(HTTP 400: "proxy_key is too long"\)/,
      },
      unprocessable: {
        fault: { status: 422, body: { detail: [{ loc: ["body", "proxy_key"], msg: "Field required" }] } },
        says: /calls the request invalid \(HTTP 422: /,
      },
      permission: {
        fault: { status: 403, body: says("This API key does not have permission to manage proxy keys") },
        says: /This API key lacks the permission/,
      },
      edge: { fault: edgePage(403), says: /network edge in front of the API blocks/ },
      "bare-404": { fault: bareNotFound(), says: /does not prove a removal.*still lists the key/ },
      "html-404": { fault: edgePage(404), says: /does not prove a removal.*still lists the key/ },
      "empty-404": { fault: { status: 404 }, says: /does not prove a removal.*still lists the key/ },
    };
    const labels = Object.keys(refusals);
    const keys = await deployed("refusals", labels);
    const faults = labels.map((label) => onRemove(label, { ...refusals[label]?.fault, hold: true }));

    const destroy = engine.project.spawn(["destroy", "--yes", "--skip-preview", "--stack", "refusals"]);
    // A failure stops what has not begun, so all begin before the first one fails.
    await allReached(faults, destroy.done);
    for (const fault of faults) fault.release();
    const { exitCode, output } = await destroy.done;
    expect(exitCode).not.toBe(0);
    const requests = engine.takeRequests();
    expect(requests.filter((request) => request === REMOVE)).toHaveLength(8);
    expect(new Set(requests)).toEqual(new Set([REMOVE, LIST]));

    const kept = await engine.keysInState("refusals");
    expect(Object.keys(kept).toSorted()).toEqual(labels.toSorted());
    expect(names().toSorted()).toEqual(labels.toSorted());
    const diagnostics = diagnosticsOf(output);
    for (const label of labels) {
      const [, ...shown] = diagnostics.split(`Cannot remove proxy key "${label}" (${kept[label]?.id}): `);
      expect(shown, label).toHaveLength(1);
      expect(shown[0]?.split("\n\n")[0], label).toMatch(refusals[label]?.says ?? /never/);
      expect(output).not.toContain(keys[label]);
    }
    expect(output).not.toMatch(/^ +at /m);

    expect(await engine.project.destroy("refusals")).toMatchObject({ exitCode: 0 });
    expect(engine.takeRequests()).toEqual(times(8, REMOVE));
    expect(names()).toEqual([]);
  });

  it("with today's API key only by --run-program, as the message of the 401 says", async () => {
    await deployed("rotated", ["one"]);
    const old = engine.simulator.account();
    // The vendor replaces the API key; the account and its keys stay.
    await fetch(`${engine.simulator.baseUrl}/auth/key/regen`, {
      headers: { authorization: `Bearer ${old.apiKey}` },
    });
    engine.simulator.clearJournal();
    const set = ["config", "set", "--stack", "rotated", "--secret", "electronhub:apiKey", old.apiKey];
    expect(await engine.project.pulumi(set)).toMatchObject({ exitCode: 0 });

    const { exitCode, output } = await engine.project.destroy("rotated");
    expect(exitCode).not.toBe(0);
    expect(diagnosticsOf(output)).toMatch(/last `pulumi up`.*--run-program/);
    expect(Object.keys(await engine.keysInState("rotated"))).toEqual(["one"]);

    const stack = await engine.project.stack("rotated", program(named(["one"])));
    await stack.up();
    engine.takeRequests();
    expect(await engine.project.destroy("rotated")).toMatchObject({ exitCode: 0 });
    expect(engine.takeRequests()).toEqual([REMOVE]);
  });
});
