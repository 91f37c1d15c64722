import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import { hostProblem, hostVersion, OLDEST_SDK } from "../../../provider/dynamic/hostVersion";
import type { Dependencies } from "../../../provider/lifecycle/accountContext";
import { isAtLeast } from "../../../provider/util/version";
import { rejection } from "../../http/fixture";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "host-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("versions are compared by number", () => {
  expect(isAtLeast("3.216.0", "3.216.0")).toBe(true);
  expect(isAtLeast("v3.1000.0", "3.216.0")).toBe(true);
  expect(isAtLeast("3.99.9-alpha", "3.216.0")).toBe(false);
  expect(isAtLeast("4.0.0", "3.216.0")).toBe(true);
});

describe("the host's SDK", () => {
  it("is the start of the peer range", async () => {
    const manifest = JSON.parse(await readFile("package.json", "utf8")) as {
      peerDependencies: Record<string, string>;
    };
    expect(manifest.peerDependencies["@pulumi/pulumi"]).toBe(`^${OLDEST_SDK}`);
  });

  it("is found from the script that the process runs", async () => {
    const sdk = join(folder, "node_modules/@pulumi/pulumi");
    const script = join(sdk, "cmd/dynamic-provider/index.js");
    await mkdir(join(sdk, "cmd/dynamic-provider"), { recursive: true });
    expect(hostVersion(script)).toBeUndefined();
    await writeFile(join(sdk, "package.json"), '{"name":"@pulumi/pulumi","version":"3.215.4"}');
    expect(hostVersion(script)).toBe("3.215.4");
    expect(hostVersion(join(sdk, "cmd/dynamic-provider"))).toBe("3.215.4");
    expect(hostVersion(join(sdk, "cmd/run/index.js"))).toBeUndefined();
    expect(hostVersion(undefined)).toBeUndefined();
    const installed = createRequire(__filename).resolve("@pulumi/pulumi/cmd/dynamic-provider");
    expect(hostProblem(hostVersion(installed))).toBeUndefined();
  });

  const provider = new DynamicProvider({} as Dependencies, "3.215.4");
  const reason =
    /3\.215\.4 loses a resource's inputs.*needs 3\.216\.0 or newer.*npm install @pulumi\/pulumi@latest/;

  it("below it, previews and refreshes fail before anything is read or sent", async () => {
    const { failures } = await provider.check({}, { budget: 1 });
    expect(failures).toEqual([{ property: "", reason: expect.stringMatching(reason) }]);
    const error = await rejection(provider.read("pk-1", { key: "ek-proxy-aaaaaaaa" }));
    expect([error.message, error.stack]).toEqual([expect.stringMatching(reason), ""]);
  });
});
