import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Module } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PROVIDER_TEXT as text, ROTATION_TEXT } from "../../../provider/dynamic/providerCode";

/**
 * FROZEN CONTRACT: what stands in providerCode.golden.txt is what Pulumi stores in people's states, and what old states run. A
 * change here is a change of every state: once a version is released, the file never changes again.
 */

describe("the text in the state", () => {
  it("is the frozen one, byte for byte", async () => {
    await expect(text).toMatchFileSnapshot("providerCode.golden.txt");
  });

  it("has at most 800 bytes, as the README says, since each resource has it twice in the state", () => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(800);
  });

  it("names nothing but the installed package", () => {
    const modules = [...text.matchAll(/\("([^"\s]*)"\)/g)].map(([, module]) => module);
    expect(modules).toEqual(["node:module", "pulumi-electronhub/handler"]);
    expect(text).not.toContain("undici");
    expect(text).not.toContain("zod");
  });

  it("captures nothing of the machine, the program or the environment", () => {
    expect(text).not.toContain(process.cwd());
    // What npm sets names this very package.
    const telling = Object.entries(process.env).filter(
      ([name, value = ""]) => !name.startsWith("npm_") && value.length > 6,
    );
    const captured = telling.filter(([, value = ""]) => text.includes(value)).map(([name]) => name);
    expect(captured).toEqual([]);
  });
});

/** As the host evaluates it: a module with an empty file name. */
function evaluate(source: string): Record<string, (...parameters: unknown[]) => unknown> {
  const module = new Module("") as Module & {
    _compile(code: string, name: string): void;
    exports: { handler: () => Record<string, (...parameters: unknown[]) => unknown> };
  };
  module._compile(source, "");
  return module.exports.handler();
}

describe("evaluated as the host does", () => {
  const folders: string[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it("reaches the installed handler from the working directory", async () => {
    const checked = await evaluate(text)["check"]?.({}, { name: "web", budget: 0 });
    expect(checked).toMatchObject({ failures: [{ property: "budget" }] });
    expect(await evaluate(text)["diff"]?.("pk-1", { budget: 1 }, { budget: 2 })).toMatchObject({
      changes: true,
    });
  });

  it("has every verb of the host, configure included", () => {
    expect(Object.keys(evaluate(text))).toEqual(
      expect.arrayContaining(["check", "configure", "create", "delete", "diff", "read", "update"]),
    );
  });

  it("reaches the provider of the rotation the same way", () => {
    expect(ROTATION_TEXT).toBe(text.replace('/handler")', '/handler").rotation'));
    expect(Object.keys(evaluate(ROTATION_TEXT))).toEqual(
      expect.arrayContaining(["check", "create", "diff", "read", "update"]),
    );
  });

  it("says what to do in a folder without the package, without a stack", () => {
    const folder = mkdtempSync(join(tmpdir(), "no-package-"));
    folders.push(folder);
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    expect(() => evaluate(text)).toThrow(
      expect.objectContaining({
        message: `pulumi-electronhub is not installed for ${folder}: add pulumi-electronhub to this project's dependencies (npm install pulumi-electronhub). If it is one of them, run npm ci.`,
        stack: "",
      }),
    );
  });

  it.each<[string, string, string]>([
    [
      "a dependency that is missing",
      'require("not-there")',
      "pulumi-electronhub cannot be loaded (MODULE_NOT_FOUND): run npm ci in ",
    ],
    [
      "an error without a code",
      'throw new TypeError("broken")',
      "pulumi-electronhub cannot be loaded (broken): run npm ci in ",
    ],
    ["what is for the user", 'throw Object.assign(new Error("Too old."), { isForUser: true })', "Too old."],
  ])("says of %s what it is, without a stack", (_, handler, message) => {
    const folder = mkdtempSync(join(tmpdir(), "broken-package-"));
    folders.push(folder);
    const installed = join(folder, "node_modules", "pulumi-electronhub");
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(installed, "handler.js"), handler);
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    expect(() => evaluate(text)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), stack: "" }),
    );
  });
});
