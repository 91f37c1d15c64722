import { describe, expect, it } from "vitest";
import { changes, createFixture, RUN_ID, type Fixture } from "./fixture";

describe("it refuses to start, without changing anything,", () => {
  const started = async (fixture: Fixture, environment?: Record<string, string>) => {
    const result = await fixture.run(environment && { environment });
    expect(changes(fixture)).toEqual([]);
    return result;
  };

  it.each([
    ["neither variable", {}],
    ["the API key alone", { ELECTRONHUB_API_KEY: "ek-x" }],
    ["ELECTRONHUB_LIVE alone", { ELECTRONHUB_LIVE: "1" }],
    ["an empty API key", { ELECTRONHUB_LIVE: "1", ELECTRONHUB_API_KEY: "" }],
    ["another value", { ELECTRONHUB_LIVE: "yes", ELECTRONHUB_API_KEY: "ek-x" }],
  ])("with %s", async (_, environment) => {
    const fixture = await createFixture();
    const { exitCode, output } = await started(fixture, environment);
    expect({ exitCode, output }).toEqual({
      exitCode: 2,
      output: expect.stringContaining(
        "Set ELECTRONHUB_LIVE=1 and ELECTRONHUB_API_KEY to start it.",
      ) as string,
    });
    expect(fixture.simulator.journal).toEqual([]);
  });

  it("with a proxy key", async () => {
    const fixture = await createFixture();
    const environment = { ELECTRONHUB_LIVE: "1", ELECTRONHUB_API_KEY: "ek-proxy-0123456789abcdef" };
    const { exitCode, output } = await started(fixture, environment);
    expect(exitCode).toBe(2);
    expect(output).toContain("is a proxy key");
    expect(output).not.toContain("0123456789abcdef");
  });

  it("with too few credits", async () => {
    const fixture = await createFixture({ balance: 0.049 });
    const { exitCode, output } = await started(fixture);
    expect(exitCode).toBe(2);
    expect(output).toContain("The account has 0.049 credits, and this test needs 0.05.");
  });

  it("when keys of others are named like its own", async () => {
    const fixture = await createFixture();
    fixture.simulator.account().addKey({ name: "pulumi-eh-live-mine", allocatedAmount: 0.01 });
    const { exitCode, output } = await started(fixture);
    expect(exitCode).toBe(2);
    expect(output).toContain("pulumi-eh-live-mine. Rename them first.");
  });

  it("while another run holds so much that both would reach the limit", async () => {
    const fixture = await createFixture({ balance: 1 });
    fixture.simulator.account().addKey({ name: "pulumi-eh-live-zzzzzz-01", allocatedAmount: 0.15 });
    const { exitCode, output } = await started(fixture);
    expect(exitCode).toBe(2);
    expect(output).toContain("Another run has 1 keys with 0.15 credits.");
  });

  it("with the id of another run", async () => {
    const fixture = await createFixture();
    fixture.simulator.account().addKey({ name: `pulumi-eh-live-${RUN_ID}-01`, allocatedAmount: 0.01 });
    expect(await started(fixture)).toMatchObject({ exitCode: 2 });
  });
});
