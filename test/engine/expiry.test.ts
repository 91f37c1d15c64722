import { expect, it } from "vitest";
import { DAY_S, moveExpiry, nowS } from "./expiryFixture";
import { CREATE, itOnce, LIST, LOOKUP, program, REMOVE, TOGGLE, UPDATE, useEngine } from "./fixture";

const engine = useEngine();

it("an up within renewBefore of the expiry renews, and says why; one before that does nothing", async () => {
  const account = engine.simulator.account();
  const life = { expiresIn: "30d", renewBefore: "3d" };
  const stack = await engine.stack(
    "renewal",
    program({ extended: life, rotated: { ...life, renew: "rotate" }, ends: { expiresIn: "30d" } }),
  );
  await stack.up();
  const before = await engine.secretKeys("renewal");
  for (const key of account.keys()) {
    expect(key.expiresAtUnixS - nowS()).toBeGreaterThan(30 * DAY_S - 600);
    expect(key.expiresAtUnixS - nowS()).toBeLessThanOrEqual(30 * DAY_S);
  }
  expect(engine.takeRequests()).toEqual([CREATE, CREATE, CREATE]);
  await engine.expectNoChange(stack);

  // As if 28 days had passed, for two of them, and 31 for the last.
  await moveExpiry(engine, "renewal", { extended: 2 * DAY_S, rotated: 2 * DAY_S, ends: -DAY_S });
  const refresh = await stack.refresh();
  expect(refresh.output).toMatch(/Proxy key "ends-.{7}" \(pk-.{16}\) has expired/);
  expect(engine.takeRequests()).toEqual([LIST]);

  const preview = await stack.preview();
  expect(preview.changes).toEqual({ same: 2, update: 1, replace: 1 });
  expect(preview.output).toMatch(
    /"extended-.{7}": it expires in .* within renewBefore 3d, so its expiry is extended/,
  );
  expect(preview.output).toMatch(
    /"rotated-.{7}": it expires in .* within renewBefore 3d, so a new key replaces it/,
  );
  expect(engine.takeRequests()).toEqual([]);

  await stack.up();
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, REMOVE, UPDATE].toSorted());
  const after = await engine.secretKeys("renewal");
  expect(after["extended"]).toBe(before["extended"]);
  expect(after["rotated"]).not.toBe(before["rotated"]);
  for (const resource of ["extended", "rotated"]) {
    expect(account.findKey(after[resource] ?? "")?.expiresAtUnixS).toBeGreaterThan(nowS() + 29 * DAY_S);
  }
  expect(account.findKey(before["rotated"] ?? "")).toBeUndefined();
  await engine.expectNoChange(stack);
  expect((await engine.project.destroy("renewal")).exitCode).toBe(0);
  engine.takeRequests();
});

itOnce(
  "a vanished, a disabled and an expired key are distinguished, and the next up restores what is declared",
  async () => {
    const account = engine.simulator.account();
    const stack = await engine.stack(
      "distinguished",
      program({ gone: {}, off: {}, late: { expiresIn: "2d", renewBefore: "1d" } }),
    );
    await stack.up();
    const keys = await engine.secretKeys("distinguished");
    account.removeKey(keys["gone"] ?? "");
    account.disableKey(keys["off"] ?? "");
    await moveExpiry(engine, "distinguished", { late: -60 });
    engine.takeRequests();

    const { output } = await stack.refresh();
    expect(output).toMatch(
      /"gone-.{7}" \(pk-.{16}\) is no longer on the account: the next `pulumi up` creates a new one/,
    );
    expect(output).toMatch(
      /"off-.{7}" \(pk-.{16}\) was disabled outside Pulumi: the next `pulumi up` enables it again/,
    );
    expect(output).toMatch(/"late-.{7}" \(pk-.{16}\) has expired/);
    engine.takeRequests();

    await stack.up();
    expect(engine.takeRequests().toSorted()).toEqual([CREATE, LOOKUP, TOGGLE, UPDATE].toSorted());
    expect(
      account
        .keys()
        .every(({ isActive, expiresAtUnixS }) => isActive && (expiresAtUnixS < 0 || expiresAtUnixS > nowS())),
    ).toBe(true);
    await engine.expectNoChange(stack);
    await engine.project.destroy("distinguished");
    engine.takeRequests();
  },
);

it("an expiry of expiresIn that was moved outside is moved back, and one that expiresAt set is counted anew", async () => {
  const account = engine.simulator.account();
  const stack = await engine.stack("moved", program({ web: { expiresAt: "2090-01-01" } }));
  await stack.up();
  stack.setProgram(program({ web: { expiresIn: "30d", renewBefore: "3d" } }));
  await stack.up();
  expect(engine.takeRequests()).toEqual([CREATE, UPDATE]);
  const { web = "" } = await engine.secretKeys("moved");
  const setS = account.findKey(web)?.expiresAtUnixS ?? 0;
  expect(setS - nowS()).toBeGreaterThan(30 * DAY_S - 600);
  expect(setS - nowS()).toBeLessThanOrEqual(30 * DAY_S);
  await stack.refresh();
  expect(engine.takeRequests()).toEqual([LIST]);
  await engine.expectNoChange(stack);

  account.updateKey(web, { expiresAtUnixS: setS + 900 * DAY_S });
  await stack.refresh();
  await stack.refresh();
  await stack.up();
  expect(account.findKey(web)?.expiresAtUnixS).toBe(setS);
  expect(engine.takeRequests()).toEqual([LIST, LIST, UPDATE]);
  await engine.expectNoChange(stack);
  await engine.project.destroy("moved");
  engine.takeRequests();
});
