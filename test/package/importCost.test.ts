import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { runCommand, startCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { loadedModules, REPORTS_MODULES } from "../support/loadedModules";

/** Runs a program in the repository. @returns the modules that it loads after `@pulumi/pulumi`, by file or package. */
function modulesLoadedBy(program: string): Promise<string[]> {
  return modulesAfter(program, "Object.keys(require.cache).filter((file) => !before.has(file))");
}

/** @returns the modules that this package's files ask for, also those that the SDK has loaded before. */
async function modulesAskedForBy(program: string): Promise<Set<string>> {
  const watch = `
    const asked = new Set();
    require("node:module").registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context);
        const isOurs = context.parentURL?.startsWith(${JSON.stringify(pathToFileURL(DIST).href)});
        if (isOurs && found.url.startsWith("file:")) asked.add(require("node:url").fileURLToPath(found.url));
        return found;
      },
    });`;
  return new Set(await modulesAfter(`${watch}\n${program}`, "[...asked]"));
}

/** @param modules an expression for a list of files, once the program has run. */
async function modulesAfter(program: string, modules: string): Promise<string[]> {
  const text = `
    require("@pulumi/pulumi");
    const before = new Set(Object.keys(require.cache));
    (async () => {
      ${program}
      console.log(JSON.stringify(${modules}));
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

const DIST = join(REPOSITORY_ROOT, "dist", "/");

/** No account responds: every verb and function fails, but only after it has loaded all that it needs. */
const NO_ACCOUNT = `
  process.env.ELECTRONHUB_API_KEY = "ek-x";
  process.env.ELECTRONHUB_BASE_URL = "http://127.0.0.1:9";
  process.env.ELECTRONHUB_MAX_WAIT = "1s";`;

it("a program that imports the package loads these modules, neither zod nor undici among them", async () => {
  const modules = await modulesLoadedBy('require("pulumi-electronhub");');
  expect(modules.map((module) => module.replace(/^dist\/(.*)\.js$/, "$1")).toSorted()).toEqual([
    "api/errorGuards",
    "api/errors",
    "api/rateLimit/pastRequests",
    "api/rateLimit/rateText",
    "api/rateLimit/redisAddress",
    "api/transport",
    "api/unixTime",
    "config",
    "dynamic/providerCode",
    "functions/getAccount",
    "functions/getProxyKey",
    "functions/getProxyKeys",
    "functions/importProxyKeys",
    "functions/invoke",
    "functions/invokeError",
    "functions/keyFilter",
    "functions/mockedResult",
    "functions/onlyKey",
    "functions/sharedCall",
    "functions/validateProxyKey",
    "index",
    "lifecycle/labels",
    "lifecycle/rotating/publication",
    "lifecycle/rotating/rotation",
    "lifecycle/schema/fingerprint",
    "lifecycle/schema/instants",
    "lifecycle/schema/typeTokens",
    "lifecycle/schema/unknown",
    "resources/account",
    "resources/previewFlag",
    "resources/proxyKey",
    "resources/proxyKeyArgs",
    "resources/pulumiType",
    "resources/refuseDeletedWith",
    "resources/refuseImport",
    "resources/registeredResource",
    "resources/rotatingProxyKey",
    "resources/rotatingProxyKeyArgs",
    "resources/rotationRecord",
    "resources/settingWarnings",
    "resources/stackSettings",
    "resources/testMocks",
    "util/cacheRoot",
    "util/duration",
    "util/errno",
    "util/keyText",
    "util/nearestWord",
    "util/nodeVersion",
    "util/redact",
    "util/unfitCharacter",
    "util/userError",
  ]);
});

it("a function that is called loads zod", async () => {
  const modules = await modulesLoadedBy(`
    ${NO_ACCOUNT}
    await require("pulumi-electronhub").getAccount().catch(() => undefined);`);
  expect(modules).toEqual(expect.arrayContaining(["zod", "undici", "dist/functions/runtime.js"]));
});

it("a function loads the client of the shared window if that is set, and not otherwise", async () => {
  const call = `
    ${NO_ACCOUNT}
    await require("pulumi-electronhub").getAccount().catch(() => undefined);`;
  expect(await modulesLoadedBy(call)).not.toContain("@redis/client");
  const setting = 'process.env.ELECTRONHUB_SHARED_WINDOW = "redis://127.0.0.1:9";';
  expect(await modulesLoadedBy(`${setting} ${call}`)).toContain("@redis/client");
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

const OF_THE_PLUGIN = /^(?:@grpc\/|google-protobuf$|dist\/plugin\/)/;

it("the dynamic provider and the functions ask for nothing of the plugin, neither gRPC nor protobuf", async () => {
  const modules = await modulesAskedForBy(`
    ${NO_ACCOUNT}
    await require("pulumi-electronhub").getAccount().catch(() => undefined);
    const handler = require("pulumi-electronhub/handler");
    const { inputs } = await handler.check({}, { budget: 1, __resourceName: "bot" });
    const state = { ...inputs, name: "bot", key: "ek-proxy-0123456789abcdef" };
    const verbs = [
      () => handler.create(inputs),
      () => handler.read("pk-1", state),
      () => handler.update("pk-1", state, { ...inputs, budget: 2 }),
      () => handler.delete("pk-1", state),
    ];
    for (const verb of verbs) {
      const done = await verb().then(() => true, () => false);
      if (done) throw new Error("There is no account.");
    }`);
  expect([...modules]).toEqual(
    expect.arrayContaining(["@pulumi/pulumi", "undici", "zod", "dist/lifecycle/create.js"]),
  );
  expect([...modules].filter((module) => OF_THE_PLUGIN.test(module))).toEqual([]);
  const plugin = await modulesAskedForBy('require("./dist/plugin/service.js");');
  expect([...plugin]).toEqual(expect.arrayContaining(["@grpc/grpc-js", "google-protobuf"]));
});

it("the plugin starts with the SDK's messages alone, without the SDK and undici", async () => {
  const folder = join(REPOSITORY_ROOT, ".scratch", "import-cost");
  await mkdir(folder, { recursive: true });
  const env = { ...process.env, ...REPORTS_MODULES, TMPDIR: folder };
  const plugin = startCommand(process.execPath, [join(DIST, "plugin", "main.js")], { env });
  try {
    await plugin.waitForOutput(/^\d+\n/);
    const files = await loadedModules(plugin.child.pid as number, folder);
    const loaded = (files ?? []).flatMap((file) => file.split("node_modules/").slice(1));
    const packages = loaded.map((file) => /^(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
    expect(new Set(packages)).toEqual(
      new Set(["@grpc/grpc-js", "@js-sdsl/ordered-map", "@pulumi/pulumi", "google-protobuf", "zod"]),
    );
    const ofTheSdk = loaded.filter((file) => file.startsWith("@pulumi/pulumi/"));
    expect(ofTheSdk.filter((file) => !file.startsWith("@pulumi/pulumi/proto/"))).toEqual([]);
  } finally {
    plugin.kill("SIGTERM");
    await plugin.done;
  }
});

it.each(["cleanup", "orphans", "recover", "revoke", "import", "doctor", "audit"])(
  "the command %s loads no more of Pulumi's SDK than what runs the CLI",
  async (name) => {
    const text = `require("./dist/cli/commands/${name}.js"); console.log(Object.keys(require.cache).join("\\n"));`;
    const { stdout } = await runCommand(process.execPath, ["-e", text], {
      cwd: REPOSITORY_ROOT,
      env: process.env,
    });
    const modules = stdout.trim().split("\n");
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((file) => /@pulumi\/pulumi\/(?!automation\/|version)/.test(file))).toEqual([]);
  },
);
