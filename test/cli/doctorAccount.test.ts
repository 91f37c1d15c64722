import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";

import {
  DEFAULT_DIALECT,
  ManualClock,
  edgePage,
  tooManyRequestsWithoutHeaders,
} from "../../provider/testing";
import { LIMIT, expectHidden, useDoctor } from "./doctorFixture";

const doctor = useDoctor();

describe("the account", () => {
  it.each([
    ["paused", { paused: true }, "plan is paused"],
    ["refused at this address", { ipLimited: true }, "IP address"],
  ])("is an error when it is %s", async (_state, state, why) => {
    await doctor.use({ accounts: [{ name: "main", rateLimit: LIMIT, ...state }] });
    const { exitCode, check } = await doctor.examine();
    expect(exitCode).toBe(1);
    expect(check("Account")).toMatchObject({ status: "error", what: expect.stringContaining(why) });
    expect(check("Management")).toMatchObject({ status: "error", what: expect.stringContaining(why) });
    expect(check("Base URL")).toMatchObject({ status: "ok" });
    expect(check("Clock")).toMatchObject({ status: "ok" });
  });

  it("is told apart from the permission to manage its keys", async () => {
    await doctor.use({
      accounts: [{ name: "main", rateLimit: LIMIT, permissions: { manageProxyKeys: false } }],
    });
    const { exitCode, check } = await doctor.examine();
    expect(exitCode).toBe(1);
    expect(check("Account")).toMatchObject({ status: "ok" });
    expect(check("Management")).toMatchObject({
      status: "error",
      what: expect.stringContaining("permission"),
    });
  });

  it("is a warning when it has no credits", async () => {
    await doctor.use({ accounts: [{ name: "main", rateLimit: LIMIT, balance: 0 }] });
    const { exitCode, check } = await doctor.examine();
    expect(exitCode).toBe(0);
    expect(check("Account")).toMatchObject({
      status: "warning",
      what: "0 credits left, subscription enterprise",
    });
  });
});

describe("the base URL", () => {
  it.each([
    ["the edge's 403", edgePage(403), "network edge"],
    ["the edge's 503", edgePage(503), "an HTML page"],
    ["a page instead of an answer", { ...edgePage(200) }, "an HTML page"],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example/" } }, "redirects"],
  ])("is an error when %s comes back", async (_what, fault, why) => {
    await doctor.use();
    doctor.simulator.inject({ ...fault, times: Infinity });
    const { exitCode, check } = await doctor.examine();
    expect(exitCode).toBe(1);
    expect(check("Base URL")).toMatchObject({ status: "error", what: expect.stringContaining(why) });
    expect(check("API key")).toMatchObject({ status: "warning", nextStep: "See Base URL." });
    expect(check("Account")).toMatchObject({ status: "warning", nextStep: "See Base URL." });
    expect(check("Clock").status).toBe("ok");
  });

  it("is an error when nobody listens there", async () => {
    await doctor.use();
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    const { exitCode, check } = await doctor.examine(
      doctor.account({ ELECTRONHUB_BASE_URL: `http://127.0.0.1:${port}/v1` }),
    );
    expect(exitCode).toBe(1);
    expect(check("Base URL")).toMatchObject({ status: "error", what: expect.stringContaining("refused") });
    for (const name of ["Management", "Rate limit", "Clock"]) {
      expect(check(name)).toMatchObject({ status: "warning", nextStep: "See Base URL." });
    }
  });

  it.each([
    ["ftp://api.electronhub.ai/v1", "must be https"],
    ["https://ann:Zk3vQ8Lm2NpR@api.electronhub.ai/v1", "must not have a user"],
  ])("is an error when it is %s, and nothing is sent", async (baseUrl, why) => {
    await doctor.use();
    const { check, output } = await doctor.examine(doctor.account({ ELECTRONHUB_BASE_URL: baseUrl }));
    expect(check("Base URL")).toMatchObject({ status: "error", what: expect.stringContaining(why) });
    expect(check("API key")).toMatchObject({ status: "warning", what: expect.stringContaining("not tried") });
    expectHidden(output, "Zk3vQ8Lm2NpR");
  });
});

describe("the rate limit", () => {
  it("is a warning while a cooldown runs, which is not waited for", async () => {
    await doctor.use();
    doctor.simulator.inject({ ...tooManyRequestsWithoutHeaders(), times: Infinity });
    const first = await doctor.examine();
    expect(first.exitCode).toBe(0);
    expect(first.check("Rate limit")).toMatchObject({
      status: "warning",
      what: expect.stringMatching(/cooldown after a refusal ends at \d\d:\d\d:\d\d UTC, in \d+ (?:s|min)/),
    });
    expect(first.check("Base URL")).toMatchObject({ status: "ok" });
    expect(first.check("API key")).toMatchObject({ status: "warning", nextStep: "See Rate limit." });
    // The ledger remembers, so that a second look sends nothing.
    const second = await doctor.examine();
    expect(second.check("Rate limit").what).toContain("cooldown");
    expect(second.check("Base URL")).toMatchObject({ status: "warning", nextStep: "See Rate limit." });
    expect(doctor.simulator.requests()).toEqual(["GET /user/me"]);
  });

  it("is a warning when no answer names it, unless one is configured", async () => {
    await doctor.use({ dialect: { ...DEFAULT_DIALECT, rateLimitHeaders: false } });
    const unnamed = await doctor.examine();
    expect(unnamed.check("Rate limit")).toMatchObject({
      status: "warning",
      nextStep: expect.stringContaining("electronhub:rateLimit"),
    });
    const configured = await doctor.examine(doctor.account({ ELECTRONHUB_RATE_LIMIT: "5/60s" }));
    expect(configured.check("Rate limit")).toMatchObject({
      status: "ok",
      what: expect.stringContaining("5 per 60 s"),
    });
  });

  it("is an error when it is malformed, and so is another setting; the account is asked all the same", async () => {
    await doctor.use();
    const { exitCode, check } = await doctor.examine(
      doctor.account({ ELECTRONHUB_RATE_LIMIT: "many", ELECTRONHUB_MAX_WAIT: "long" }),
    );
    expect(exitCode).toBe(1);
    expect(check("Rate limit")).toMatchObject({
      status: "error",
      nextStep: expect.stringContaining("10/60s"),
    });
    expect(check("Settings")).toMatchObject({ status: "error", what: expect.stringContaining("maxWait") });
    expect(check("Account")).toMatchObject({ status: "ok" });
  });
});

describe("the clock", () => {
  it.each([
    [100_000, "warning", "behind"],
    [-100_000, "warning", "ahead of"],
    [3_600_000, "error", "behind"],
    [-3_600_000, "error", "ahead of"],
  ])("%d ms from the API's is a matter of %s: %s", async (offMs, status, words) => {
    await doctor.use({ clock: new ManualClock(Date.now() + offMs) });
    const { exitCode, check } = await doctor.examine();
    expect(exitCode).toBe(status === "error" ? 1 : 0);
    expect(check("Clock")).toMatchObject({
      status,
      what: expect.stringContaining(`${words} the API's`),
      nextStep: expect.stringContaining("NTP"),
    });
  });
});
