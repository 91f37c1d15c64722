import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheFolder } from "../../../provider/config";

describe("the folders in the cache", () => {
  const REPOSITORY = join(__dirname, "../../..");

  /** The folder in a process of a user without an entry in the system's list. */
  function folderOfStranger(environment: Record<string, string>): string {
    const program = `
      process.setgid?.(54321);
      process.setuid?.(54321);
      console.log(require("./dist/util/cacheRoot.js").cacheRoot(process.env, process.platform));`;
    return execFileSync(process.execPath, ["-e", program], {
      cwd: REPOSITORY,
      env: environment,
      encoding: "utf8",
    }).trim();
  }

  it.runIf(process.getuid?.() === 0 && process.platform === "linux").each<[Record<string, string>, string]>([
    [{}, "/tmp/pulumi-electronhub-54321"],
    [{ HOME: "" }, "/tmp/pulumi-electronhub-54321"],
    [{ HOME: "relative" }, "/tmp/pulumi-electronhub-54321"],
    [{ HOME: "", TMPDIR: "relative" }, "/tmp/pulumi-electronhub-54321"],
    [{ HOME: "", TMPDIR: "/var/tmp" }, "/var/tmp/pulumi-electronhub-54321"],
    [{ HOME: "/home/ci" }, "/home/ci/.cache/pulumi-electronhub"],
    [{ XDG_CACHE_HOME: "/cache" }, "/cache/pulumi-electronhub"],
  ])("of a user without an entry, with %j, are in %s", (environment, folder) => {
    if (folder.endsWith("54321")) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    expect(folderOfStranger(environment)).toBe(folder);
  });

  it.runIf(process.getuid?.() === 0 && process.platform === "linux").each([
    ["another user's", 0, 0o700],
    ["open to others", 54_321, 0o777],
  ])("are elsewhere if the one among the temporary files is %s", (_, uid, mode) => {
    const temporary = mkdtempSync(join(tmpdir(), "planted-"));
    onTestFinished(() => rmSync(temporary, { recursive: true }));
    chmodSync(temporary, 0o777);
    const planted = join(temporary, "pulumi-electronhub-54321");
    mkdirSync(planted);
    chownSync(planted, uid, uid);
    chmodSync(planted, mode);
    const folder = folderOfStranger({ HOME: "", TMPDIR: temporary });
    expect(folder.startsWith(`${planted}-`)).toBe(true);
    expect(statSync(folder)).toMatchObject({ uid: 54_321 });
  });

  it("are in XDG_CACHE_HOME, unless that is empty or relative: processes run in different folders", () => {
    expect(cacheFolder("creations", { XDG_CACHE_HOME: "/cache" }, "linux")).toBe(
      "/cache/pulumi-electronhub/creations",
    );
    for (const folder of ["", "cache", "./cache"]) {
      expect(cacheFolder("creations", { XDG_CACHE_HOME: folder }, "linux")).toBe(
        cacheFolder("creations", {}, "linux"),
      );
    }
  });
});
