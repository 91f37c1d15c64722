import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/** Runs a program in the repository. @returns the modules that it loads after `@pulumi/pulumi`, by file or package. */
async function modulesLoadedBy(program: string): Promise<string[]> {
  const text = `
    require("@pulumi/pulumi");
    const before = new Set(Object.keys(require.cache));
    (async () => {
      ${program}
      const added = Object.keys(require.cache).filter((file) => !before.has(file));
      console.log(JSON.stringify(added));
      process.exit(0);
    })();`;
  const { stdout, output, exitCode } = await runCommand(process.execPath, ["-e", text], {
    cwd: REPOSITORY_ROOT,
    env: { ...process.env, XDG_CACHE_HOME: join(REPOSITORY_ROOT, ".scratch", "import-cost") },
  });
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  const files = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as string[];
  return files.map((file) => {
    const [, dependency] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    return dependency ?? file.slice(REPOSITORY_ROOT.length + 1);
  });
}

it("a program that imports the package loads these modules, neither zod nor undici among them", async () => {
  const modules = await modulesLoadedBy('require("pulumi-electronhub");');
  expect(modules.map((module) => module.replace(/^dist\/(.*)\.js$/, "$1")).toSorted()).toEqual([
    "api/errorGuards",
    "api/errors",
    "api/rateLimit/pastRequests",
    "api/transport",
    "api/unixTime",
    "config",
    "dynamic/providerCode",
    "functions/getAccount",
    "functions/getProxyKey",
    "functions/getProxyKeys",
    "functions/importProxyKeys",
    "functions/invoke",
    "functions/mockedResult",
    "functions/validateProxyKey",
    "index",
    "lifecycle/rotating/publication",
    "lifecycle/rotating/rotation",
    "lifecycle/schema/fingerprint",
    "lifecycle/schema/instants",
    "lifecycle/schema/typeTokens",
    "resources/account",
    "resources/previewFlag",
    "resources/proxyKey",
    "resources/proxyKeyArgs",
    "resources/pulumiType",
    "resources/refuseImport",
    "resources/registeredResource",
    "resources/rotatingProxyKey",
    "resources/rotatingProxyKeyArgs",
    "resources/rotationRecord",
    "resources/stackSettings",
    "resources/testMocks",
    "util/cacheRoot",
    "util/duration",
    "util/errno",
    "util/keyText",
    "util/nearestWord",
    "util/nodeVersion",
    "util/redact",
    "util/userError",
  ]);
});

it("a function that is called loads zod", async () => {
  const modules = await modulesLoadedBy(`
    process.env.ELECTRONHUB_API_KEY = "ek-x";
    process.env.ELECTRONHUB_BASE_URL = "http://127.0.0.1:9";
    process.env.ELECTRONHUB_MAX_WAIT = "1s";
    await require("pulumi-electronhub").getAccount().catch(() => undefined);`);
  expect(modules).toEqual(expect.arrayContaining(["zod", "undici", "dist/functions/runtime.js"]));
});

it("a preview's check and diff load no undici", async () => {
  const modules = await modulesLoadedBy(`
    const handler = require("pulumi-electronhub/handler");
    const { inputs, failures } = await handler.check({}, { budget: 1, __resourceName: "bot" });
    if (failures?.length > 0) throw new Error(JSON.stringify(failures));
    await handler.diff("pk-1", { ...inputs, name: "bot" }, { ...inputs, budget: 2 });`);
  expect(modules).toContain("zod");
  expect(modules).not.toContain("undici");
});
