import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { accountOf, declare, program, useEngine } from "./fixture";

/** What the plugin processes of a run share about its keys. */
const engine = useEngine();

const explicit = () => {
  const { apiKey } = engine.simulator.account();
  return accountOf("explicit", { apiKey, baseUrl: engine.simulator.baseUrl });
};

/** Moves a process's clock by what a file says. */
const CLOCK = `const real = Date.now.bind(Date);
Date.now = () => real() + Number(require("node:fs").readFileSync(process.env.CLOCK_FILE, "utf8"));
`;

it("holds for the whole run: a key that moves to another provider stays although the clock steps by days meanwhile", async () => {
  const { temporary } = engine.project.folders;
  const [clock, preload] = [join(temporary, "clock"), join(temporary, "clock.cjs")];
  writeFileSync(clock, "0");
  writeFileSync(preload, CLOCK);
  const env = { NODE_OPTIONS: `--require ${preload}`, CLOCK_FILE: clock };
  const stack = await engine.stack("moves", program({ before: { name: "moved" } }), { env });
  await stack.up();
  const { before: key = "" } = await engine.secretKeys("moves");
  stack.setProgram(async () => {
    declare("after", { budget: 10, name: "moved", adopt: key }, { provider: explicit() });
  });
  const held = engine.simulator.inject({ on: { path: "/auth/proxy/update" }, hold: true, applied: true });
  const up = stack.up();
  await Promise.race([held.reached(), up]);
  writeFileSync(clock, String(50 * 3_600_000));
  held.remove();
  await up;
  expect(engine.simulator.account().keys()).toMatchObject([{ key, isActive: true }]);
});

it("holds without a cache that can be written: after a failure, a key stays that the program did not come to declare", async () => {
  const file = join(engine.project.folders.temporary, "file");
  writeFileSync(file, "");
  let budget = 10;
  const declareBoth = async () => {
    const first = declare("first", { name: "first", budget }, { provider: explicit() });
    first.fingerprint.apply(() => declare("second", { name: "second", budget: 1 }));
  };
  const stack = await engine.stack("unwritable", declareBoth, { env: { XDG_CACHE_HOME: file } });
  await stack.up();
  budget = 20;
  const refusal = engine.simulator.inject({ on: { path: "/auth/proxy/update" }, times: 10, status: 403 });
  await expect(stack.up({ continueOnError: true })).rejects.toThrow(/Nothing was removed/);
  refusal.remove();
  const names = engine.simulator
    .account()
    .keys()
    .map(({ name }) => name);
  expect(names.toSorted()).toEqual(["first", "second"]);
});
