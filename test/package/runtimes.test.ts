import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../../provider/testing";
import { createFreshProject, INSTALL_OPTIONS, mustSucceed, say, type FreshProject } from "./freshProject";
import { INLINE_PROGRAM } from "./programs";

/**
 * Programs in a project with bun and TypeScript 7. Neither can run Pulumi's serializer of functions, which a dynamic provider
 * needs otherwise.
 */
let project: FreshProject;
let simulator: Simulator;

beforeAll(async () => {
  project = await createFreshProject();
  simulator = await startSimulator();
  // The SDK names TypeScript below 7 as its peer.
  mustSucceed(
    await project.run("npm", ["install", ...INSTALL_OPTIONS, "--legacy-peer-deps", "typescript@7", "bun@1"]),
  );
  await project.write("inline.mjs", INLINE_PROGRAM);
});
afterAll(async () => {
  await simulator?.close();
  await project?.dispose();
});
beforeEach(() => simulator.clearJournal());

it("a program on bun loads the package, and the handler checks and creates", async () => {
  const bun = await findBun();
  say(`bun ${mustSucceed(await project.run(bun, ["--version"])).stdout.trim()}`);
  const { apiKey } = simulator.account();
  await project.write("handler.cjs", HANDLER_PROGRAM);
  const { stdout } = mustSucceed(await project.run(bun, ["handler.cjs", apiKey, simulator.baseUrl]));
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual({ failures: [], isKey: true });
  expect(simulator.requests()).toEqual(["POST /auth/proxy/create", "POST /auth/proxy/remove"]);
  expect(simulator.account().keys()).toEqual([]);
});

it.each(["bun", "node"])(
  "an inline program runs on %s beside TypeScript 7: up, refresh, destroy",
  async (runtime) => {
    const command = runtime === "bun" ? await findBun() : runtime;
    const inline = async (verb: string) => {
      const args = ["inline.mjs", verb, simulator.account().apiKey, simulator.baseUrl];
      const { stdout } = mustSucceed(await project.run(command, args));
      return (JSON.parse(stdout) as { changes: Record<string, number> }).changes;
    };
    expect(await inline("up")).toMatchObject({ create: 3 });
    expect(await inline("refresh")).toEqual({ same: 3 });
    expect(await inline("up")).toEqual({ same: 3 });
    const destroy = ["destroy", "--yes", "--skip-preview", "--stack", "test"];
    mustSucceed(await project.run("pulumi", destroy));
    expect(simulator.account().keys()).toEqual([]);
    expect(simulator.violations).toEqual([]);
  },
);

/** The program of the platform's own package: a script that would link it is not run. */
async function findBun(): Promise<string> {
  const folder = join(project.folders.work, "node_modules", "@oven");
  for (const platform of await readdir(folder)) {
    const bun = join(folder, platform, "bin", "bun");
    const { exitCode } = await project.run(bun, ["--version"]).catch(() => ({ exitCode: 1 }));
    if (exitCode === 0) return bun;
  }
  throw new Error(`No bun in ${folder} runs on this machine.`);
}

const HANDLER_PROGRAM = `
const handler = require("pulumi-electronhub/handler");
const [apiKey, baseUrl] = process.argv.slice(2);
const settings = { "electronhub:apiKey": apiKey, "electronhub:baseUrl": baseUrl };
handler.configure({ config: { get: (key) => settings[key] } });
(async () => {
  const { inputs, failures = [] } = await handler.check({}, { budget: 1, __resourceName: "bot" });
  const { id, outs } = await handler.create(inputs);
  await handler.delete(id, outs);
  console.log(JSON.stringify({ failures, isKey: /^pk-/.test(id) }));
  process.exit(0);
})();
`;
