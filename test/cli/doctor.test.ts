import { describe, expect, it } from "vitest";

import { withoutSecrets } from "../../provider/cli/checks/backend";
import { masked } from "../../provider/cli/checks/credentials";
import { expectHidden, useDoctor } from "./doctorFixture";

const doctor = useDoctor();

describe("a machine and an account that are well", () => {
  it("has only what is ok, and changes nothing", async () => {
    await doctor.use();
    doctor.simulator.account().addKey({ name: "on", allocatedAmount: 5 });
    doctor.simulator.account().addKey({ name: "off", allocatedAmount: 5, isActive: false });
    doctor.simulator.account().addKey({ name: "old", allocatedAmount: 5, expiresAtUnixS: 1_700_000_000 });
    const { exitCode, check, output } = await doctor.examine();
    expect(exitCode).toBe(0);
    for (const name of ["Node", "Pulumi CLI", "Pulumi SDK", "Provider", "Backend", "Project", "Settings"]) {
      expect(check(name).status, check(name).what).toBe("ok");
    }
    expect(check("Pulumi CLI").what).toBe(doctor.project.cli.version);
    expect(check("Project").what).toBe("test");
    expect(check("Backend").what).toContain("file://");
    expect(check("API key")).toEqual({
      name: "API key",
      status: "ok",
      what: `ek-…${doctor.simulator.account().apiKey.slice(-4)}, a master key from ELECTRONHUB_API_KEY; accepted`,
    });
    expect(check("Base URL").what).toBe(`${doctor.simulator.baseUrl}, which answers`);
    expect(check("Account")).toMatchObject({ status: "ok", what: "99985 credits left, subscription pro" });
    expect(check("Management").what).toBe("3 proxy keys, 2 enabled, 1 expired");
    expect(check("Rate limit").what).toMatch(
      /^10 requests per minute, 9 left; the next place is free at \d\d:\d\d:\d\d UTC$/,
    );
    expect(check("Clock")).toMatchObject({ status: "ok" });
    expect(check("Ledger").what).toContain(doctor.project.folders.cache);
    expect(check("Creations")).toMatchObject({ status: "ok" });
    expect(doctor.simulator.requests()).toEqual(["GET /user/me", "GET /auth/proxy"]);
    expect(doctor.simulator.violations).toEqual([]);
    expectHidden(output, doctor.simulator.account().apiKey);
    for (const { key } of doctor.simulator.account().keys()) expectHidden(output, key);
  });

  it("prints a line for each check", async () => {
    await doctor.use();
    const { exitCode, stdout } = await doctor.run(doctor.account());
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toBe("0 errors, 0 warnings.");
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^ok {7}\S.{11}\S/);
    expectHidden(stdout, doctor.simulator.account().apiKey);
  });
});

describe("the API key", () => {
  it("is read from the stack that is named, encrypted or not", async () => {
    await doctor.use();
    await doctor.project.pulumi(["stack", "init", "safe"]);
    await doctor.project.pulumi(["stack", "init", "unsafe"]);
    const { apiKey } = doctor.simulator.account();
    const set = (stack: string, ...args: string[]) =>
      doctor.project.pulumi(["config", "set", "--stack", stack, ...args]);
    for (const stack of ["safe", "unsafe"]) await set(stack, "electronhub:baseUrl", doctor.simulator.baseUrl);
    await set("safe", "--secret", "electronhub:apiKey", apiKey);
    await set("unsafe", "--plaintext", "electronhub:apiKey", apiKey);

    const wrong = {
      ELECTRONHUB_API_KEY: "ek-of-nobody-000000000000",
      ELECTRONHUB_BASE_URL: "http://127.0.0.1:9",
    };
    const safe = await doctor.examine(wrong, ["--stack", "safe"]);
    expect(safe.exitCode).toBe(0);
    expect(safe.check("API key").what).toMatch(/from the configuration of stack safe; accepted$/);

    const unsafe = await doctor.examine({}, ["--stack", "unsafe"]);
    expect(unsafe.exitCode).toBe(0);
    expect(unsafe.check("API key")).toMatchObject({
      status: "warning",
      what: expect.stringMatching(/accepted\. It stands unencrypted/),
      nextStep: expect.stringContaining("pulumi config set electronhub:apiKey --secret"),
    });
    // Without a name and without a key in the environment it is the stack that is selected.
    expect((await doctor.examine({})).check("API key").what).toContain("stack unsafe");

    const locked = await doctor.examine({ PULUMI_CONFIG_PASSPHRASE: "another" }, ["--stack", "safe"]);
    expect(locked.check("Stack")).toMatchObject({
      status: "error",
      nextStep: expect.stringContaining("PASSPHRASE"),
    });
    const absent = await doctor.examine({}, ["--stack", "nowhere"]);
    expect(absent.check("Stack")).toMatchObject({
      status: "error",
      what: expect.stringContaining("nowhere"),
    });
    // As in an update, the stack's settings win over the environment's.
    const mixed = await doctor.examine(wrong);
    expect(mixed.exitCode).toBe(0);
    expect(mixed.check("API key").what).toContain("stack unsafe");
    const refused = await doctor.examine({
      ...wrong,
      PULUMI_STACK: "safe",
      PULUMI_CONFIG_PASSPHRASE: "another",
    });
    expect(refused.check("Stack").status).toBe("error");
    expect(refused.check("Base URL")).toMatchObject({ status: "warning", nextStep: "See Stack." });
    await doctor.project.pulumi(["stack", "unselect"]);
    for (const { output } of [safe, unsafe, locked, absent, mixed, refused]) {
      expectHidden(output, apiKey);
      expectHidden(output, wrong.ELECTRONHUB_API_KEY);
    }
  });

  it("is missed where there is none", async () => {
    await doctor.use();
    const { check } = await doctor.examine({ ELECTRONHUB_BASE_URL: doctor.simulator.baseUrl }, [
      "--dir",
      doctor.project.folders.home,
    ]);
    expect(check("API key")).toMatchObject({
      status: "error",
      what: "No Electron Hub API key is configured.",
      nextStep: expect.stringContaining("ELECTRONHUB_API_KEY"),
    });
    expect(check("Base URL").what).toBe(`${doctor.simulator.baseUrl}, not asked`);
    expect(check("Project")).toMatchObject({ status: "warning", nextStep: expect.stringContaining("--dir") });
    expect(doctor.simulator.requests()).toEqual([]);
  });

  const LONG = "Zk3vQ8Lm2NpR7sTxY5wB";
  it.each([
    ["a proxy key", `ek-proxy-${LONG}`, "[redacted]"],
    ["a DevPass key", `ek-dev-${LONG}`, "[redacted]"],
    ["a JWT", `eyJ${LONG}.${LONG}.${LONG}`, "eyJ…Y5wB"],
    ["with Bearer", `Bearer ek-${LONG}`, "ek-…Y5wB"],
    ["in quotation marks", `"ek-${LONG}"`, "ek-…Y5wB"],
    ["in two lines", `ek-${LONG}\nek-${LONG}`, "ek-…Y5wB"],
  ])("is an error and masked when it is %s", async (_kind, apiKey, shown) => {
    await doctor.use();
    const { exitCode, check, output } = await doctor.examine(doctor.account({ ELECTRONHUB_API_KEY: apiKey }));
    expect(exitCode).toBe(1);
    expect(check("API key")).toMatchObject({
      status: "error",
      what: expect.stringContaining(`${shown}, `),
      nextStep: expect.stringContaining("master API key"),
    });
    expect(doctor.simulator.requests()).toEqual([]);
    expectHidden(output, LONG);
  });

  it("is an error when the API does not accept it", async () => {
    await doctor.use();
    const apiKey = `ek-${LONG}`;
    const { exitCode, check, output } = await doctor.examine(doctor.account({ ELECTRONHUB_API_KEY: apiKey }));
    expect(exitCode).toBe(1);
    expect(check("API key")).toMatchObject({ status: "error", what: expect.stringContaining("HTTP 401") });
    expect(check("Base URL")).toMatchObject({ status: "ok" });
    expect(check("Account")).toMatchObject({ status: "warning", nextStep: "See API key." });
    expectHidden(output, apiKey);
  });
});

describe("what is never shown", () => {
  it("takes passwords out of a backend's URL", () => {
    expect(withoutSecrets("postgres://ann:s3cret@db.example/pulumi?sslmode=require&password=s3cret")).toBe(
      "postgres://ann:***@db.example/pulumi?sslmode=require&password=***",
    );
    expect(withoutSecrets("postgres://ann:s3cret@[bad/pulumi")).toBe("postgres:…");
    expect(withoutSecrets("file://~")).toBe("file://~");
    expect(withoutSecrets("https://api.pulumi.com")).toBe("https://api.pulumi.com");
  });

  it("shows nothing of a short key but its prefix", () => {
    expect(masked("ek-short")).toBe("ek-…");
    expect(masked("hunter2")).toBe("…");
  });
});
