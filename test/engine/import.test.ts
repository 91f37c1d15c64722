import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand } from "../support/command";
import { emptyLanguageHost } from "../support/languageServer";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { LIST, program, REMOVE, times, useEngine } from "./fixture";

const engine = useEngine();

it("takes the account's keys into a stack, encrypted, and the next preview shows no change", async () => {
  const account = engine.simulator.account();
  account.addKey({ name: "team-bot", allocatedAmount: 12, modelWhitelist: ["b", "a"], limitType: "daily" });
  account.addKey({ name: "team-bot", allocatedAmount: 3, ipWhitelist: ["10.0.0.0/8"], isActive: false });
  account.addKey({ name: "team one!", allocatedAmount: 1, expiresAtUnixS: 4_102_444_800, usedAmount: 0.5 });
  account.addKey({ name: "other" });
  const { project } = engine;

  // The example's script, as a person runs it in a project.
  const script = join(project.folders.work, "importKeys.mts");
  await cp(join(REPOSITORY_ROOT, "examples", "import", "importKeys.mts"), script);
  const describeKeys = (prefix: string) =>
    runCommand(process.execPath, [script, prefix], {
      cwd: project.folders.work,
      env: {
        ...project.env,
        ELECTRONHUB_API_KEY: account.apiKey,
        ELECTRONHUB_BASE_URL: engine.simulator.baseUrl,
      },
    });
  // It never replaces a file, writes both or none, and nothing for no keys.
  const mine = await readdir(project.folders.work);
  expect((await describeKeys("nothing")).exitCode).toBe(0);
  for (const existing of ["importedKeys.ts", "pulumi-import.json"]) {
    const file = join(project.folders.work, existing);
    await writeFile(file, "mine");
    expect((await describeKeys("team")).exitCode).not.toBe(0);
    expect(await readFile(file, "utf8")).toBe("mine");
    await rm(file);
  }
  expect(await readdir(project.folders.work)).toEqual(mine);
  engine.takeRequests();
  const written = await describeKeys("team");
  expect(written.output.trim()).toBe("Keys: team-one, team-bot, team-bot-2");
  expect(engine.takeRequests()).toEqual([LIST]);

  const stack = await engine.stack(
    "import",
    program({
      "team-bot": { name: "team-bot", budget: 12, models: ["a", "b"] },
      "team-bot-2": { name: "team-bot", budget: 3, allowedIps: ["10.0.0.0/8"], enabled: false },
      "team-one": { name: "team one!", budget: 1, expiresAt: "2100-01-01T00:00:00Z" },
    }),
  );
  // The CLI asks for the program's language host, and runs nothing on it.
  const host = await emptyLanguageHost();
  const yaml = join(project.folders.work, "Pulumi.yaml");
  const before = await readFile(yaml, "utf8");
  await writeFile(yaml, JSON.stringify({ name: "test", runtime: host.runtime }));
  const args = ["--file", "pulumi-import.json", "--generate-code=false", "--protect=false", "--yes"];
  const imported = await project.pulumi(["import", "--stack", "import", ...args]);
  host.close();
  await writeFile(yaml, before);
  expect(imported.output).toContain("3 imported");
  expect(imported.exitCode).toBe(0);
  await engine.expectNoChange(stack);

  const keys = await engine.secretKeys("import");
  expect(Object.values(keys).toSorted()).toEqual(
    account
      .keys()
      .filter(({ name }) => name.startsWith("team"))
      .map(({ key }) => key)
      .toSorted(),
  );
  const { deployment } = await project.exportState("import");
  for (const key of Object.values(keys)) expect(JSON.stringify(deployment)).not.toContain(key);

  expect((await stack.refresh()).changes).toEqual({ same: 4 });
  expect(engine.takeRequests()).toEqual([LIST]);
  expect((await project.destroy("import")).exitCode).toBe(0);
  expect(engine.takeRequests()).toEqual(times(3, REMOVE));
  expect(account.keys().map(({ name }) => name)).toEqual(["other"]);
});

it("writes the program that declares them, and where the API is that has them", async () => {
  const account = engine.simulator.account();
  account.addKey({ name: "plain" });
  const { folders, env } = engine.project;
  const script = join(folders.work, "describe.mts");
  await writeFile(
    script,
    `import { importProxyKeys } from "pulumi-electronhub";
const { program, file } = await importProxyKeys({ budgetWindow: "weekly" });
console.log(program + "// " + JSON.parse(file).resources[0].outputs.server);
`,
  );
  const { output } = await runCommand(process.execPath, [script], {
    cwd: folders.work,
    env: { ...env, ELECTRONHUB_API_KEY: account.apiKey, ELECTRONHUB_BASE_URL: engine.simulator.baseUrl },
  });
  expect(output.trim()).toBe(`import * as electronhub from "pulumi-electronhub";

new electronhub.ProxyKey("plain", {
  name: "plain",
  budget: 1,
  budgetWindow: "weekly", // The API does not show it: check it.
});
// ${engine.simulator.baseUrl.replace("/v1", "")}`);
  engine.takeRequests();
});
