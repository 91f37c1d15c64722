import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { useDoctor } from "./doctorFixture";

const doctor = useDoctor();

describe("this machine", () => {
  it("is an error without a Pulumi CLI, and only outside of a project the account is asked", async () => {
    await doctor.use();
    const env = doctor.account({ PATH: doctor.project.folders.temporary });
    expect((await doctor.examine(env)).check("Account")).toMatchObject({ status: "skipped" });
    expect(doctor.simulator.requests()).toEqual([]);
    const { exitCode, check } = await doctor.examine(env, ["--dir", "/"]);
    expect(exitCode).toBe(1);
    expect(check("Pulumi CLI")).toMatchObject({
      status: "error",
      nextStep: expect.stringContaining("pulumi.com"),
    });
    expect(() => check("Backend")).toThrow();
    expect(check("API key")).toMatchObject({ status: "ok" });
  });

  it("is an error without a login", async () => {
    await doctor.use();
    const { check } = await doctor.examine(doctor.account({ PULUMI_BACKEND_URL: "" }));
    expect(check("Backend")).toMatchObject({
      status: "error",
      nextStep: expect.stringContaining("pulumi login"),
    });
  });

  it("is an error where the provider cannot be loaded from the program's folder", async () => {
    await doctor.use();
    const { exitCode, check } = await doctor.examine(doctor.account(), ["--dir", "/"]);
    expect(exitCode).toBe(1);
    expect(check("Package")).toMatchObject({ status: "error", nextStep: expect.stringContaining("npm ci") });
    expect(check("Pulumi SDK")).toMatchObject({ status: "warning" });
  });

  it("is an error without the language host of the program's runtime, wherever Pulumi would look for it", async () => {
    await doctor.use();
    const { folders, env } = doctor.project;
    const hostOf = async (home: string, ...args: string[]) =>
      (await doctor.examine(doctor.account({ PATH: env["PATH"], PULUMI_HOME: home }), args)).check(
        "Language host",
      );
    const app = join(folders.temporary, "app");
    await mkdir(join(app, "src", "deep"), { recursive: true });
    await writeFile(join(app, "Pulumi.yaml"), "name: app\nruntime:\n  name: made-up\nmain: src\n");
    const inApp = ["--dir", join(app, "src", "deep")];
    expect(await hostOf(folders.home, ...inApp)).toMatchObject({
      status: "error",
      what: expect.stringMatching(/^pulumi-language-made-up is neither on PATH.*except for inline programs/),
      nextStep: expect.stringContaining("pulumi.com"),
    });
    const home = join(folders.temporary, "home");
    const plugin = join(home, "plugins", "language-made-up-v1.2.3");
    await mkdir(plugin, { recursive: true });
    await writeFile(join(plugin, "pulumi-language-made-up"), "");
    expect(await hostOf(home, ...inApp)).toMatchObject({ status: "ok" });
  });

  it("has its packages where the program is, which `main` names", async () => {
    await doctor.use();
    const root = join(doctor.project.folders.root, "elsewhere");
    const installed = join(root, "infra", "node_modules", "pulumi-electronhub");
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, "package.json"), '{"version":"0.0.7"}');
    // Otherwise the repository's own package.json decides what the name means.
    await writeFile(join(root, "infra", "package.json"), "{}");
    const packageIn = async (main: string) => {
      await writeFile(join(root, "Pulumi.yaml"), `name: app\nruntime: nodejs\n${main}\n`);
      return (await doctor.examine(doctor.account(), ["--dir", root])).check("Package");
    };
    expect(await packageIn("main: infra/")).toMatchObject({ status: "ok", what: "0.0.7" });
    expect(await packageIn("main: ./infra/index.ts")).toMatchObject({ status: "ok", what: "0.0.7" });
  });

  it("is a warning where the cache cannot be written", async () => {
    await doctor.use();
    const file = join(doctor.project.folders.temporary, "cache-that-is-a-file");
    await writeFile(file, "");
    const { exitCode, check } = await doctor.examine(doctor.account({ XDG_CACHE_HOME: file }));
    expect(exitCode).toBe(0);
    for (const name of ["Rate folder", "Journal folder"]) {
      expect(check(name)).toMatchObject({
        status: "warning",
        nextStep: expect.stringContaining("XDG_CACHE_HOME"),
      });
    }
    expect(check("API key")).toMatchObject({ status: "ok" });
  });

  it("is an error where the audit log cannot be written", async () => {
    await doctor.use();
    await mkdir(join(doctor.project.folders.work, "logs"), { recursive: true });
    const log = async (path: string) =>
      (await doctor.examine(doctor.account({ ELECTRONHUB_AUDIT_LOG: path }))).check("Audit log");
    expect(await log("logs/audit.jsonl")).toMatchObject({ status: "ok" });
    expect(await log("logs")).toMatchObject({ status: "error" });
    expect(await log("nowhere/audit.jsonl")).toMatchObject({
      status: "error",
      what: expect.stringContaining("folder"),
    });
  });
});
