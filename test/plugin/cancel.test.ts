import { rm } from "node:fs/promises";
import { expect, it } from "vitest";
import { cacheFolder } from "../../provider/config";
import { CREATE, createdFor, LOOKUP, program, times, UPDATE, useEngine } from "../engine/fixture";
import { descendantsOf } from "../support/processes";

const engine = useEngine();

it("Ctrl-C ends what waits, sends nothing more, and keeps what is made; the next up continues", async () => {
  const { project, simulator } = engine;
  // The first response shows how many requests may be in flight.
  const stack = await engine.stack("cancelled", program({ first: {} }));
  await stack.up();
  engine.takeRequests();
  stack.setProgram(program({ first: {}, flying: { name: "flying" }, waits: {}, "waits-too": {} }));
  // The response to the first creation is on its way. The others are refused for the rate, and wait for ten minutes.
  const flying = simulator.inject({
    on: { path: "/auth/proxy/create", keyName: createdFor("flying") },
    hold: true,
    applied: true,
  });
  const refusal = simulator.inject({
    on: { path: "/auth/proxy/create", keyName: /^waits-/ },
    times: 2,
    hold: true,
    status: 429,
    headers: { "retry-after": "600" },
    body: { error: { message: "Rate limit exceeded", type: "error", param: null, code: 429 } },
  });
  let output = "";
  const up = stack.automation
    .up({ onOutput: (text) => (output += text), parallel: 8 })
    .catch((error: unknown) => error);
  await Promise.all([flying.reached(), refusal.reached(2)]);
  refusal.release();
  await expect.poll(() => output, WAIT).toMatch(/2 requests wait \(2 create\) until .* in 10 min/);

  const cli = descendantsOf(process.pid).find(({ commandLine }) =>
    commandLine.includes(" --stack cancelled "),
  );
  process.kill(cli?.pid ?? 0, "SIGINT");
  for (const name of ["waits", "waits-too"]) {
    const line = `Cannot create proxy key "${name}-[a-z2-7]{7}": The run was cancelled, so the request was not sent`;
    await expect.poll(() => output, WAIT).toMatch(new RegExp(line));
  }
  flying.release();
  expect(await up).toBeInstanceOf(Error);
  expect(engine.takeRequests()).toEqual(times(3, CREATE));
  // A wait that ended is no attempt.
  expect(output).not.toMatch(/CancelledError/);
  // The second request of this creation was not sent.
  expect(output).toMatch(
    /Proxy key "flying-.{7}" \(pk-.{16}\) was created, but is not yet as declared: The run was cancelled/,
  );
  expect(await engine.keysInState("cancelled")).toMatchObject({
    flying: { initErrors: [expect.stringMatching(/next `pulumi up`/)] },
  });
  expect(Object.keys(await engine.keysInState("cancelled"))).toEqual(["first", "flying"]);
  expect(await project.pendingOperations("cancelled")).toEqual([]);

  // As if the ten minutes were over.
  await rm(cacheFolder("rate", { XDG_CACHE_HOME: project.folders.cache }), { recursive: true });
  expect((await stack.up()).changes).toEqual({ create: 2, update: 1, same: 2 });
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, CREATE, LOOKUP, UPDATE].toSorted());
  expect(simulator.account().keys()).toHaveLength(4);
  await engine.expectNoChange(stack);
});

const WAIT = { timeout: 60_000, interval: 50 };
