import { describe, expect, it } from "vitest";

import { withoutSecrets } from "../../provider/cli/checks/environment";
import { expectHidden, useDoctor } from "./doctorFixture";

const doctor = useDoctor();

describe("a machine and an account that are well", () => {
  it("has no error, and changes nothing", async () => {
    await doctor.use();
    doctor.simulator.account().addKey({ name: "on", allocatedAmount: 5 });
    const { exitCode, check, output } = await doctor.examine();
    expect(exitCode).toBe(0);
    const names = [
      "Node",
      "Pulumi CLI",
      "Language host",
      "Dynamic plugin",
      "Pulumi SDK",
      "Package",
      "Backend",
      "Stack",
    ];
    for (const name of [...names, "Base URL", "Rate folder", "Journal folder"]) {
      expect(check(name).status, check(name).what).toBe("ok");
    }
    expect(check("Pulumi CLI").what).toBe(doctor.project.cli.version);
    expect(check("Backend").what).toContain("file://");
    expect(check("API key")).toEqual({
      name: "API key",
      status: "ok",
      what: "from ELECTRONHUB_API_KEY, accepted: 1 proxy key",
    });
    expect(check("Base URL").what).toBe(doctor.simulator.baseUrl);
    expect(check("Rate limit").what).toBe("10 requests per minute");
    expect(check("Rate folder").what).toContain(doctor.project.folders.cache);
    expect(doctor.simulator.requests()).toEqual(["GET /auth/proxy"]);
    expect(doctor.simulator.violations).toEqual([]);
    expectHidden(output, doctor.simulator.account().apiKey);
    for (const { key } of doctor.simulator.account().keys()) expectHidden(output, key);
  });

  it("prints a line for each check", async () => {
    await doctor.use();
    const { exitCode, stdout } = await doctor.run(doctor.account());
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(/^0 errors, [01] warnings?\.$/);
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(?:ok {7}|warning {2}| {9})[\S ].{15}\S/);
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
      ELECTRONHUB_API_KEY: "ek-of-no-account-00000000",
      ELECTRONHUB_BASE_URL: "http://127.0.0.1:9",
    };
    const safe = await doctor.examine(wrong, ["--stack", "safe"]);
    expect(safe.exitCode).toBe(0);
    expect(safe.check("API key").what).toBe("from the stack's configuration, accepted: 0 proxy keys");
    expect(safe.check("Stack").what).toBe("safe");

    const unsafe = await doctor.examine({}, ["--stack", "unsafe"]);
    expect(unsafe.exitCode).toBe(0);
    expect(unsafe.check("API key").status).toBe("ok");
    expect(unsafe.check("Stack")).toMatchObject({
      status: "warning",
      what: "the API key of unsafe is not encrypted",
      nextStep: expect.stringContaining("pulumi config set electronhub:apiKey --secret"),
    });
    // Without --stack it is the selected stack.
    expect((await doctor.examine({})).check("Stack").what).toContain("unsafe");
    await set("safe", "electronhub:apiKye", "x");
    expect((await doctor.examine({}, ["--stack", "safe"])).check("Stack")).toMatchObject({
      status: "warning",
      what: "safe has the unknown setting electronhub:apiKye",
    });

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
    expect(mixed.check("API key").status).toBe("ok");
    const refused = await doctor.examine({
      ...wrong,
      PULUMI_STACK: "safe",
      PULUMI_CONFIG_PASSPHRASE: "another",
    });
    expect(refused.check("Stack").status).toBe("error");
    expect(refused.check("Account")).toMatchObject({ status: "skipped" });
    await doctor.project.pulumi(["stack", "unselect"]);
    const unselected = await doctor.examine({});
    expect(unselected.check("Stack")).toMatchObject({
      status: "warning",
      what: expect.stringMatching(/^no stack is selected/),
      nextStep: expect.stringContaining("--stack"),
    });
    expect(unselected.check("Account").what).toBe("no stack is selected, and the environment has no API key");
    expect(unselected.exitCode).toBe(0);
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
    expect(check("Settings")).toMatchObject({
      status: "error",
      what: "No Electron Hub API key is configured.",
      nextStep: expect.stringContaining("ELECTRONHUB_API_KEY"),
    });
    expect(check("Account")).toEqual({
      name: "Account",
      status: "skipped",
      what: "the settings are invalid",
    });
    expect(doctor.simulator.requests()).toEqual([]);
  });

  const LONG = "Zk3vQ8Lm2NpR7sTxY5wB";
  it.each([
    ["a proxy key", `ek-proxy-${LONG}`],
    ["a DevPass key", `ek-dev-${LONG}`],
    ["a JWT", `eyJ${LONG}.${LONG}.${LONG}`],
    ["with Bearer", `Bearer ek-${LONG}`],
    ["in quotation marks", `"ek-${LONG}"`],
    ["in two lines", `ek-${LONG}\nek-${LONG}`],
    ["another vendor's", `sk-${LONG}`],
  ])("is an error and hidden when it is %s", async (_kind, apiKey) => {
    await doctor.use();
    const { exitCode, check, output } = await doctor.examine(doctor.account({ ELECTRONHUB_API_KEY: apiKey }));
    expect(exitCode).toBe(1);
    expect(check("Settings")).toMatchObject({
      status: "error",
      what: expect.stringContaining("electronhub:apiKey"),
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
    expectHidden(output, apiKey);
  });
});

describe("what is never shown", () => {
  it("takes passwords out of a backend's URL", () => {
    expect(withoutSecrets("postgres://ann:s3cret@db.example/pulumi?sslmode=require&password=s3cret")).toBe(
      "postgres://db.example/pulumi",
    );
    expect(withoutSecrets("postgres://ann:s3@cret@[bad/pulumi")).toBe("postgres://[bad/pulumi");
    expect(withoutSecrets("file://~")).toBe("file://~");
    expect(withoutSecrets("https://api.pulumi.com")).toBe("https://api.pulumi.com");
  });
});
