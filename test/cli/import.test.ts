import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { LIST, program } from "../engine/fixture";
import { useCli } from "./fixture";

const cli = useCli();

const OUT = "pulumi-import.json";
const PROGRAM = "importedKeys.ts";

const path = (file: string) => join(cli.project.folders.work, file);
const modeOf = async (file: string) => (await stat(path(file))).mode & 0o777;
const read = (file: string) => readFile(path(file), "utf8");

function importKeys(...args: string[]) {
  return cli.run(["import", ...args], { env: cli.accountEnv() });
}

beforeEach(async () => {
  for (const file of [OUT, PROGRAM]) await rm(path(file), { recursive: true, force: true });
});

it("writes the keys for `pulumi import`, readable only by the user, and the program without them", async () => {
  const account = cli.simulator.account();
  const { key } = account.addKey({ name: "team-bot", allocatedAmount: 12 });
  account.addKey({ name: "other" });
  const { exitCode, stdout } = await importKeys("--name-prefix", "team-", "--budget-window", "weekly");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("1 key: team-bot\n");
  expect(stdout).toContain(
    "  pulumi import --file pulumi-import.json --generate-code=false --protect=false\n  rm pulumi-import.json\n",
  );
  expect(cli.takeRequests()).toEqual([LIST]);

  expect([await modeOf(OUT), await modeOf(PROGRAM)]).toEqual([0o600, 0o644]);
  const { resources } = JSON.parse(await read(OUT)) as { resources: object[] };
  expect(resources).toMatchObject([
    {
      type: "pulumi-nodejs:dynamic/electronhub:ProxyKey",
      name: "team-bot",
      id: expect.stringMatching(/^pk-[0-9a-f]{16}$/),
      outputs: { key: { plaintext: JSON.stringify(key) } },
    },
  ]);
  expect(await read(PROGRAM)).toBe(`import * as electronhub from "pulumi-electronhub";

new electronhub.ProxyKey("team-bot", {
  name: "team-bot",
  budget: 12,
  budgetWindow: "weekly", // The API does not show it: check it.
});
`);
});

it("prints the line that imports the program, as the project's own files need it", async () => {
  cli.simulator.account().addKey({ name: "bot" });
  const { stdout } = await importKeys();
  expect(stdout).toMatch(/^ {2}import "\.\/importedKeys";\n`pulumi preview` should show no changes/m);
  const { work } = cli.project.folders;
  await writeFile(path("Pulumi.yaml"), "name: test\nruntime: nodejs\nmain: src/index.ts\n");
  await writeFile(path("package.json"), '{"type":"module"}');
  await mkdir(join(work, "src", "keys"), { recursive: true });
  const args = ["import", "--out", "../../o.json", "--program", "imported.ts"];
  const inner = await cli.run(args, { env: cli.accountEnv(), cwd: join(work, "src", "keys") });
  expect(inner.stdout).toContain('  import "./keys/imported.js";\n');
  await writeFile(path("Pulumi.yaml"), `name: ${cli.project.name}\nruntime: nodejs\n`);
  for (const file of ["package.json", "src", "o.json"]) await rm(path(file), { recursive: true });
  cli.takeRequests();
});

it("leaves out keys that a stack of the backend has or is making, and names the stacks", async () => {
  await (await cli.stack("dev", program({ owned: { name: "own-owned" } }))).up();
  const { exitCode, stdout } = await importKeys("--name-prefix", "own-");
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(
      /^Left out: Stack dev has key "own-owned" \(pk-[0-9a-f]{16}\) in its state\.\nStacks of the backend have, or are creating, all of these keys\. Nothing was written\.\n$/,
    ),
  });
  cli.simulator.account().addKey({ name: "own-free" });
  await cli.crashedUp("crashed", program({ "own-making": {} }));
  cli.takeRequests();
  const some = await importKeys("--name-prefix", "own-");
  expect(some.stdout).toMatch(/^Left out: A run is creating a key named "own-making-[^]*^1 key: own-free$/m);
  expect(await read(PROGRAM)).not.toMatch(/own-owned|own-making/);
  expect(await read(OUT)).not.toMatch(/own-owned|own-making/);
  expect(cli.takeRequests()).toEqual([LIST]);
});

it("refuses to replace a file, and leaves no keys behind then", async () => {
  cli.simulator.account().addKey({ name: "bot" });
  for (const existing of [OUT, PROGRAM]) {
    await writeFile(path(existing), "mine", { mode: 0o644 });
    const refused = await importKeys();
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.output).toContain(
      `${path(existing)} exists already.\nName another file with --out or --program, or add --force.`,
    );
    expect(await read(existing)).toBe("mine");
    expect(
      (await readdir(cli.project.folders.work)).filter((file) =>
        /^(?:pulumi-import|importedKeys)\./.test(file),
      ),
    ).toEqual([existing]);
    await rm(path(existing));
  }
});

it("replaces files by --force, never writing through a link or into a file that others may read", async () => {
  cli.simulator.account().addKey({ name: "bot" });
  await writeFile(path(PROGRAM), "mine");
  await writeFile(path("elsewhere"), "not to be touched", { mode: 0o644 });
  await symlink(path("elsewhere"), path(OUT));
  expect(await importKeys("--force")).toMatchObject({ exitCode: 0 });
  expect(await read("elsewhere")).toBe("not to be touched");
  expect(await modeOf(OUT)).toBe(0o600);
  expect(await read(PROGRAM)).toContain("electronhub.ProxyKey");
});

it("prints commands that a shell takes as they are meant", async () => {
  cli.simulator.account().addKey({ name: "bot" });
  const { stdout } = await importKeys("--out", "it's $(mine).json");
  await rm(path("it's $(mine).json"));
  expect(stdout).toContain(String.raw`  rm 'it'\''s $(mine).json'`);
});

it("sends the environment's API key nowhere but to the host that the selected stack configures", async () => {
  const { apiKey } = cli.simulator.account();
  cli.simulator.account().addKey({ name: "bot" });
  await cli.project.pulumi(["stack", "init", "dev"]);
  await cli.project.pulumi(["config", "set", "--stack", "dev", "electronhub:baseUrl", cli.simulator.baseUrl]);
  const env = { ELECTRONHUB_API_KEY: apiKey, ELECTRONHUB_BASE_URL: "http://127.0.0.1:9" };
  expect(await cli.run(["import"], { env })).toMatchObject({ exitCode: 0 });
  expect(cli.takeRequests()).toEqual([LIST]);

  await cli.project.pulumi(["config", "set", "--stack", "dev", "--secret", "electronhub:apiKey", apiKey]);
  const locked = { ...env, PULUMI_CONFIG_PASSPHRASE: "wrong" };
  const refused = await cli.run(["import", "--force"], { env: locked });
  expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
  expect(refused.stderr).toMatch(/secrets cannot be read/);
  expect(cli.takeRequests()).toEqual([]);
});

it.each(["v3.253.9", "v3.99.0", ""])(
  "writes nothing with the CLI %j, which cannot read the file",
  async (version) => {
    cli.simulator.account().addKey({ name: "bot" });
    const folder = path("old-cli");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "pulumi"), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    const env = { ...cli.accountEnv(), PATH: `${folder}:/usr/bin:/bin` };
    const refused = await cli.run(["import"], { env });
    expect(refused.output).toMatch(/Pulumi 3\.254\.0 on.*Nothing was written/);
    expect(refused.exitCode).toBe(3);
    expect(cli.takeRequests()).toEqual([]);
    const files = await readdir(cli.project.folders.work);
    expect(files.filter((file) => /^(?:pulumi-import|importedKeys)\./.test(file))).toEqual([]);
  },
);

it("refuses a place that cannot be written", async () => {
  cli.simulator.account().addKey({ name: "bot" });
  for (const args of [
    ["--out", "no/such/folder/keys.json"],
    ["--out", ".", "--force"],
  ]) {
    const refused = await importKeys(...args);
    expect(refused.output).toMatch(/cannot be written .*\nName a writable file/);
    expect(refused.exitCode, refused.output).toBe(3);
  }
});

it("writes nothing when no key fits, and asks nothing when both files are one", async () => {
  expect(await importKeys("--name-prefix", "unused")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(
      /^(?:The account has no proxy keys|No key of the account has a name that starts with ".+")\. Nothing was written\.\n$/,
    ),
  });
  cli.takeRequests();
  expect(await importKeys("--out", PROGRAM)).toMatchObject({ exitCode: 2 });
  expect(cli.takeRequests()).toEqual([]);
});
