import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/** The files of this package that remain when a program is bundled. */
async function bundled(program: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: REPOSITORY_ROOT,
    stdin: { contents: program, resolveDir: REPOSITORY_ROOT, sourcefile: "program.mjs" },
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    packages: "bundle",
    external: ["@pulumi/*", "@redis/client", "undici", "zod", "commander"],
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  return Object.keys(output?.inputs ?? {}).filter((path) => path.startsWith("dist/"));
}

it.each([
  ['import { ProxyKey } from "pulumi-electronhub";'],
  ['import { startSimulator } from "pulumi-electronhub/testing";'],
])("%s leaves a bundle if nothing uses it", async (unused) => {
  expect(await bundled(`${unused}\nconsole.log("hello");`)).toEqual([]);
});

it("stays in a bundle if something uses it", async () => {
  const used = 'import { ProxyKey } from "pulumi-electronhub"; console.log(ProxyKey);';
  expect(await bundled(used)).toContain("dist/resources/proxyKey.js");
});

it("keeps what acts when it is loaded", async () => {
  const { sideEffects } = JSON.parse(readFileSync(join(REPOSITORY_ROOT, "package.json"), "utf8")) as {
    sideEffects: string[];
  };
  expect(await bundled('import "pulumi-electronhub/handler";')).toContain("dist/dynamic/handler.js");
  for (const path of sideEffects) expect(await bundled(`import "${path}";`)).toContain(path.slice(2));
});

it.each(["pulumi-electronhub", "pulumi-electronhub/testing"])(
  "%s changes nothing in the process that loads it, and keeps it from nothing",
  async (entry) => {
    // The SDK is loaded first: what it does is its own.
    const program = `
      require("@pulumi/pulumi");
      require("@pulumi/pulumi/dynamic");
      const seen = () => JSON.stringify({
        globals: Reflect.ownKeys(globalThis).map(String),
        listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
        environment: process.env,
        resources: process.getActiveResourcesInfo(),
        console: Object.values(console).map(String),
      });
      const before = seen();
      require(${JSON.stringify(entry)});
      if (seen() !== before) console.log(before, seen());`;
    const { output, exitCode } = await runCommand(process.execPath, ["-e", program], {
      cwd: REPOSITORY_ROOT,
      env: process.env,
    });
    expect({ output, exitCode }).toEqual({ output: "", exitCode: 0 });
  },
);
