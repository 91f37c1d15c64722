import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cacheFolder } from "../../provider/config";
import { reportedBackendId } from "../../provider/lifecycle/creations/backend";
import { nameHashOf, readCreations } from "../../provider/lifecycle/creations/journalReader";
import { createEngineProject } from "../support/engine";
import { descendantsOf, endProcesses, isAlive, type OwnedProcess } from "../support/processes";
import { IS_PLUGIN, itOnce, PLUGIN_LAUNCHER, PLUGIN_PROCESS, program, useEngine } from "./fixture";

const engine = useEngine();

/** What this machine remembers of creations in flight. */
function remembered() {
  return readCreations(cacheFolder("creations", { XDG_CACHE_HOME: engine.project.folders.cache }));
}

/** An `up` whose one creation has taken effect, and waits for its answer; the engine, and below it the plugin. */
async function upInFlight(stackName: string) {
  const { simulator } = engine;
  const stack = await engine.stack(stackName, program({ bot: {} }));
  const held = simulator.inject({ on: { path: "/auth/proxy/create" }, hold: true, applied: true });
  const up = stack.up().catch((error: unknown) => error);
  await held.reached();
  const cli = descendantsOf(process.pid).find(({ commandLine }) =>
    commandLine.includes(` --stack ${stackName} `),
  );
  const below = descendantsOf(cli?.pid ?? 0);
  const at = below.findIndex(({ commandLine }) => PLUGIN_LAUNCHER.test(commandLine));
  const launcher = below[at];
  const plugin = launcher === undefined ? [] : [launcher, ...descendantsOf(launcher.pid)];
  expect(plugin.map(({ commandLine }) => commandLine).join("\n")).toMatch(PLUGIN_PROCESS);
  return { stack, held, up, cli, plugin };
}

const noteFor = (stackName: string) => ({
  // The plugin does not know the organization.
  stack: `${IS_PLUGIN ? "" : "organization"}/${engine.project.name}/${stackName}`,
  nameHash: nameHashOf(engine.simulator.account().keys()[0]?.name ?? ""),
  backend: expect.stringMatching(/^[0-9a-f]{32}$/),
});

async function ended(processes: readonly OwnedProcess[]): Promise<void> {
  await expect.poll(() => processes.filter(isAlive), { timeout: 20_000, interval: 50 }).toEqual([]);
}

it("a key whose plugin was killed before the engine heard of it is remembered on this machine", async () => {
  const { held, up, plugin } = await upInFlight("killed");
  expect(remembered()).toMatchObject([noteFor("killed")]);

  endProcesses(plugin);
  expect(await up).toBeInstanceOf(Error);
  held.release();

  expect(engine.simulator.account().keys()).toHaveLength(1);
  expect(await engine.keysInState("killed")).toEqual({});
  expect(await engine.project.pendingOperations("killed")).toEqual([]);
  const notes = remembered();
  expect(notes).toMatchObject([noteFor("killed")]);
  for (const { settle } of notes) settle();
  expect(remembered()).toEqual([]);
});

it("a plugin whose engine was killed ends after its answer, and the key is still remembered", async () => {
  const { held, up, cli, plugin } = await upInFlight("orphaned");
  try {
    endProcesses(cli === undefined ? [] : [cli]);
    expect(await up).toBeInstanceOf(Error);
    // What is on its way is finished: the plugin waits for the answer.
    expect(plugin.filter(isAlive)).toHaveLength(plugin.length);
    held.release();
    await ended(plugin);
    expect(await engine.project.pendingOperations("orphaned")).toMatchObject([{ type: "creating" }]);
    const notes = remembered();
    expect(notes).toMatchObject([noteFor("orphaned")]);
    for (const { settle } of notes) settle();
  } finally {
    endProcesses(plugin);
  }
});

itOnce("after an `up` that ended well, its keys are remembered as delivered", async () => {
  const keys = { first: {}, second: {} };
  const stack = await engine.stack("well", program(keys));
  await stack.up();
  const taken = { delivered: true, fingerprint: expect.stringMatching(/^pk-[0-9a-f]{16}$/) };
  await expect.poll(remembered).toMatchObject([taken, taken]);
});

itOnce(
  "the note names the backend that Pulumi reports, also where the last login alone selects it",
  async () => {
    const project = await createEngineProject({ backendUrl: "" });
    try {
      const { cache, backend, work } = project.folders;
      await writeFile(join(work, "Pulumi.yaml"), `name: ${project.name}\nruntime: nodejs\n`);
      expect(await project.pulumi(["login", `file://${backend}`])).toMatchObject({ exitCode: 0 });
      const stack = await project.stack("login", program({ bot: {} }), { config: engine.config() });
      await stack.up();
      const { stdout } = await project.pulumi(["whoami", "--verbose", "--json"]);
      const { url } = JSON.parse(stdout) as { url: string };
      const id = reportedBackendId(url, project.env, work, project.name);
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(readCreations(cacheFolder("creations", { XDG_CACHE_HOME: cache }))).toMatchObject([
        { backend: id },
      ]);
    } finally {
      await project.dispose();
    }
  },
);
