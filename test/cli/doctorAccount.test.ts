import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";

import { DEFAULT_DIALECT, edgePage, tooManyRequestsWithoutHeaders } from "../../provider/testing";
import { LIMIT, expectHidden, useDoctor } from "./doctorFixture";

const doctor = useDoctor();

it.each([
  ["paused", { paused: true }, "plan is paused"],
  ["refused at this address", { ipLimited: true }, "IP address"],
  ["not permitted", { permissions: { manageProxyKeys: false } }, "permission"],
])("an account that is %s is an error", async (_state, state, why) => {
  await doctor.use({ accounts: [{ name: "main", rateLimit: LIMIT, ...state }] });
  const { exitCode, check } = await doctor.examine();
  expect(exitCode).toBe(1);
  expect(check("API key")).toMatchObject({ status: "error", what: expect.stringContaining(why) });
  expect(check("Base URL")).toMatchObject({ status: "ok" });
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
    expect(check("API key")).toMatchObject({ status: "skipped" });
  });

  it("is an error when the connection is refused", async () => {
    await doctor.use();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { exitCode, check } = await doctor.examine(
      doctor.account({ ELECTRONHUB_BASE_URL: `http://127.0.0.1:${port}/v1` }),
    );
    expect(exitCode).toBe(1);
    expect(check("Base URL")).toMatchObject({ status: "error", what: expect.stringContaining("refused") });
    expect(check("API key")).toMatchObject({ status: "skipped" });
  });

  it.each([
    ["ftp://api.electronhub.ai/v1", "must be https"],
    ["https://ann:Zk3vQ8Lm2NpR@api.electronhub.ai/v1", "must not have a user"],
  ])("is an error when it is %s, and nothing is sent", async (baseUrl, why) => {
    await doctor.use();
    const { check, output } = await doctor.examine(doctor.account({ ELECTRONHUB_BASE_URL: baseUrl }));
    expect(check("Settings")).toMatchObject({ status: "error", what: expect.stringContaining(why) });
    expect(check("Account")).toMatchObject({ status: "skipped" });
    expectHidden(output, "Zk3vQ8Lm2NpR");
  });
});

describe("the rate limit", () => {
  it("is a warning while a cooldown runs, which is not waited for", async () => {
    await doctor.use();
    doctor.simulator.inject({ ...tooManyRequestsWithoutHeaders(), times: Infinity });
    // The rate folder remembers the cooldown, so the second run sends nothing.
    for (let run = 0; run < 2; run++) {
      const { exitCode, check } = await doctor.examine();
      expect(exitCode).toBe(0);
      expect(check("Rate limit").status).toBe("warning");
      expect(check("API key")).toMatchObject({ status: "skipped" });
    }
    expect(doctor.simulator.requests()).toEqual(["GET /auth/proxy"]);
  });

  it("is a warning when no response has it, unless one is configured", async () => {
    await doctor.use({ dialect: { ...DEFAULT_DIALECT, rateLimitHeaders: false } });
    const unnamed = await doctor.examine();
    expect(unnamed.check("Rate limit")).toMatchObject({
      status: "warning",
      nextStep: expect.stringContaining("electronhub:rateLimit"),
    });
    const configured = await doctor.examine(doctor.account({ ELECTRONHUB_RATE_LIMIT: "5/60s" }));
    expect(configured.check("Rate limit")).toMatchObject({
      status: "ok",
      what: "at most 5 per 60 s by your setting",
    });
  });

  it("is an error when it is malformed", async () => {
    await doctor.use();
    const { exitCode, check } = await doctor.examine(doctor.account({ ELECTRONHUB_RATE_LIMIT: "many" }));
    expect(exitCode).toBe(1);
    expect(check("Settings")).toMatchObject({
      status: "error",
      what: expect.stringContaining("rateLimit"),
      nextStep: expect.stringContaining("10/60s"),
    });
  });
});
