import { expect, it } from "vitest";
import { descendantsOf, endProcesses, isAlive } from "../support/processes";
import { CREATE, PLUGIN_PROCESS, program, useEngine } from "./fixture";

const engine = useEngine();

it("what waits when its engine is killed sends nothing more, and the plugin ends by itself", async () => {
  const { simulator } = engine;
  const stack = await engine.stack("orphan", program({ first: {}, second: {}, third: {} }));
  // The first creation is refused for the rate: it and the others wait for two seconds.
  const refusal = simulator.inject({
    on: { path: "/auth/proxy/create" },
    times: Infinity,
    hold: true,
    status: 429,
    headers: { "retry-after": "2" },
    body: { error: { message: "Rate limit exceeded", type: "error", param: null, code: 429 } },
  });
  const up = stack.up().catch((error: unknown) => error);
  await refusal.reached();

  // The Automation API started the engine, so it is found among this process's own descendants.
  const ours = descendantsOf(process.pid);
  const cli = ours.find(({ commandLine }) => commandLine.includes(" --stack orphan "));
  expect(cli).toBeDefined();
  const orphans = descendantsOf(cli?.pid ?? 0);
  expect(orphans.map(({ commandLine }) => commandLine).join("\n")).toMatch(PLUGIN_PROCESS);
  try {
    process.kill(cli?.pid ?? 0, "SIGKILL");
    expect(await up).toBeInstanceOf(Error);
    const sent = simulator.requests().length;
    refusal.remove();
    // The watch looks every second, and gives up at the second miss in a row.
    await expect.poll(() => orphans.filter(isAlive), { timeout: 20_000, interval: 50 }).toEqual([]);
    const journal = engine.takeJournal();
    expect(journal).toHaveLength(sent);
    expect(journal.every(({ method, path, applied }) => `${method} ${path}` === CREATE && !applied)).toBe(
      true,
    );
    expect(simulator.account().keys()).toEqual([]);
  } finally {
    endProcesses(orphans);
  }
});
