import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import schema from "../../provider/plugin/schema.json";
import { startSimulator, type Simulator } from "../../provider/testing";
import { release } from "../release/release";
import { packageVersion } from "../../provider/config";
import { OLDEST_SDK } from "../../provider/dynamic/hostVersion";
import { parseExportedState } from "../support/checkpoint";
import {
  createFreshProject,
  INSTALL_OPTIONS,
  mustSucceed,
  PLUGIN_NAME,
  type FreshProject,
} from "./freshProject";
import { PLUGIN_PROGRAM } from "./programs";

/**
 * The provider plugin, installed in each way that there is: one stack goes from one installation to the next. The project
 * has the oldest SDK, another gRPC and another protobuf than the SDK's, and packages that see only what they depend on.
 */
let project: FreshProject;
let simulator: Simulator;

const VERSION = packageVersion();
const INSTALL = ["plugin", "install", "resource", "electronhub", `v${VERSION}`];
const FIRST_DAY = "2026-01-01T00:00:00Z";
const ROTATION_DAY = "2026-02-15T00:00:00Z";

beforeAll(async () => {
  simulator = await startSimulator();
  project = await createFreshProject({
    sdk: OLDEST_SDK,
    beside: ["@grpc/grpc-js@1.9.15", "google-protobuf@3.20.1"],
    isolated: true,
  });
  await project.write("program.mjs", PLUGIN_PROGRAM);
});
afterAll(async () => {
  await simulator?.close();
  await project?.dispose();
});

/** Runs the program. @returns the changes, what the engine printed, and the requests. */
async function run(verb: "up" | "refresh", budget: number, now = FIRST_DAY) {
  const args = ["program.mjs", verb, simulator.account().apiKey, simulator.baseUrl, String(budget), now];
  const { stdout } = mustSucceed(await project.run("node", args));
  const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
    changes: Record<string, number>;
    said: string;
    outputs: Record<string, { value: unknown; secret: boolean }>;
  };
  return { ...result, requests: takeRequests() };
}

function takeRequests(): string[] {
  const requests = simulator.requests();
  simulator.clearJournal();
  expect(simulator.violations).toEqual([]);
  return requests;
}

const pulumi = (...args: string[]) => project.run("pulumi", args);
const destroy = (...args: string[]) =>
  pulumi("destroy", "--yes", "--skip-preview", "--stack", "test", ...args);

const keyOf = (budget: number) =>
  simulator
    .account()
    .keys()
    .find((key) => key.allocatedAmount === budget)?.key ?? "";
const budgets = () =>
  simulator
    .account()
    .keys()
    .map(({ allocatedAmount }) => allocatedAmount)
    .toSorted((a, b) => a - b);

it("no plugin is found where none is installed", async () => {
  await project.write("Pulumi.yaml", "name: fresh\nruntime: nodejs\n");
  const args = ["program.mjs", "up", simulator.account().apiKey, simulator.baseUrl, "25", FIRST_DAY];
  const { output } = await project.run("node", args);
  expect(output).toContain(`no resource plugin '${PLUGIN_NAME}' found`);
  expect(takeRequests()).toEqual([]);
});

it("from node_modules/.bin, which Pulumi.yaml names: up, rotation, refresh", async () => {
  const plugins = "plugins:\n  providers:\n    - { name: electronhub, path: node_modules/.bin }\n";
  await project.write("Pulumi.yaml", `name: fresh\nruntime: nodejs\n${plugins}`);
  const { outputs, said } = await run("up", 25);
  expect(said).not.toContain("$PATH");
  expect(budgets()).toEqual([3, 25]);
  const first = keyOf(3);
  expect(outputs).toEqual({
    key: { secret: true, value: keyOf(25) },
    current: { secret: true, value: first },
    subscription: { secret: false, value: expect.any(String) },
  });

  const rotated = await run("up", 25, ROTATION_DAY);
  expect(rotated.said).toContain("a rotation is due since 2026-01-31T00:00:00Z.");
  expect(budgets()).toEqual([3, 3, 25]);
  expect(rotated.outputs["current"]?.value).not.toBe(first);

  const refreshed = await run("refresh", 25, ROTATION_DAY);
  expect(Object.keys(refreshed.changes)).toEqual(["same"]);
  expect(refreshed.requests).toEqual(["GET /auth/proxy"]);
});

it("from `npm install --global`, on PATH: an unchanged program, an update, destroy", async () => {
  await project.write("Pulumi.yaml", "name: fresh\nruntime: nodejs\n");
  const { root, bin } = project.folders;
  const prefix = ["--global", "--prefix", root];
  const before = await readdir(bin);
  mustSucceed(await project.run("npm", ["install", ...INSTALL_OPTIONS, ...prefix, project.tarball.path]));
  const same = await run("up", 25, ROTATION_DAY);
  expect(Object.keys(same.changes)).toEqual(["same"]);
  expect(same.said).toContain(`using ${PLUGIN_NAME} from $PATH at ${join(bin, PLUGIN_NAME)}`);
  expect(same.requests).toEqual(["GET /user/me"]);

  const { changes, requests } = await run("up", 26, ROTATION_DAY);
  expect(changes).toMatchObject({ update: 1 });
  expect(requests).toContain("POST /auth/proxy/update");
  expect(budgets()).toEqual([3, 3, 26]);

  mustSucceed(await destroy());
  expect(budgets()).toEqual([]);
  expect(takeRequests()).toEqual([
    "POST /auth/proxy/remove",
    "POST /auth/proxy/remove",
    "POST /auth/proxy/remove",
  ]);
  mustSucceed(await project.run("npm", ["uninstall", ...prefix, "pulumi-electronhub"]));
  expect(await readdir(bin)).toEqual(before);
});

it("from a release's archive, without node_modules: up, rotation, destroy", async () => {
  const { root, home, work } = project.folders;
  const [archive] = await release(join(root, "release"));
  // Node must not take the file for a module because of a folder above.
  await writeFile(join(home, "package.json"), '{ "type": "module" }');
  mustSucceed(await pulumi(...INSTALL, "--file", archive?.path ?? ""));

  const { said } = await run("up", 25);
  expect(said).not.toContain("$PATH");
  expect(budgets()).toEqual([3, 25]);
  const rotated = await run("up", 25, ROTATION_DAY);
  expect(rotated.said).toContain("a rotation is due since 2026-01-31T00:00:00Z.");
  expect(budgets()).toEqual([3, 3, 25]);

  const { stdout } = await pulumi("stack", "export", "--stack", "test");
  expect(parseExportedState(stdout).deployment.resources).toHaveLength(9);
  expect(stdout).not.toContain("ek-");
  // With it the engine passes another address to the plugin, before its own.
  const tracing = ["--tracing", `file:${join(work, "trace")}`];
  simulator.account().disableKey(keyOf(25));
  const refresh = ["refresh", "--yes", "--skip-preview", "--stack", "test"];
  expect(mustSucceed(await pulumi(...refresh, ...tracing)).output).toContain("was disabled outside Pulumi");
  mustSucceed(await destroy());
  expect(budgets()).toEqual([]);
  await rm(join(home, "package.json"));
});

it("is what the engine downloads for this machine", async () => {
  const requests: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    requests.push(url);
    response.end(readFileSync(join(project.folders.root, "release", basename(url ?? ""))));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    mustSucceed(await pulumi(...INSTALL, "--reinstall", "--server", `http://127.0.0.1:${port}`));
  } finally {
    server.close();
  }
  const [system, architecture] = [
    process.platform.replace("win32", "windows"),
    process.arch.replace("x64", "amd64"),
  ];
  expect(requests).toEqual([`/${PLUGIN_NAME}-v${VERSION}-${system}-${architecture}.tar.gz`]);
});

it("describes itself to `pulumi package get-schema`, by its path and by its version", async () => {
  for (const source of [`./node_modules/.bin/${PLUGIN_NAME}`, `electronhub@${VERSION}`]) {
    const { stdout } = mustSucceed(await pulumi("package", "get-schema", source));
    const { version, resources, functions } = JSON.parse(stdout) as Record<string, object>;
    expect(version).toBe(VERSION);
    expect(Object.keys(resources ?? {})).toEqual(Object.keys(schema.resources));
    expect(Object.keys(functions ?? {})).toEqual(Object.keys(schema.functions));
  }
});
