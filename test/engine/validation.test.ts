import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { expectFailure } from "../support/engine";
import {
  accountOf,
  CREATE,
  declare,
  diagnosticsOf,
  IS_PLUGIN,
  itOnce,
  program,
  times,
  UPDATE,
  useEngine,
} from "./fixture";

const engine = useEngine();

describe("what is wrong fails the preview, before any request", () => {
  // The engine stops at the first resource that is refused, and reports everything that is wrong with it.
  const rows: [args: Record<string, unknown>, shown: string[]][] = [
    [
      {
        name: "x".repeat(26),
        budget: 0,
        budgetWindow: "hourly",
        expiresAt: "2020-01-01",
        models: [],
        allowedIps: [],
        enabled: "yes",
        budgets: 10,
      },
      [
        "name must have at most 25 characters; this one has 26",
        "budget must be more than 0 credits",
        "budgetWindow must be `daily`, `weekly` or `monthly`",
        "expiresAt must be in the future; 2020-01-01T00:00:00Z has passed",
        "models must not be an empty list, which the API reads as every model",
        "allowedIps must not be an empty list, which the API reads as any address",
        "enabled must be true or false",
        "budgets is not an input of ProxyKey (did you mean budget?)",
      ],
    ],
    [
      {
        name: " ",
        budget: -1,
        expiresAt: 4_102_444_800_000,
        models: ["o3", ""],
        allowedIps: ["10.0.0.0/8", "10.0.0.0/33"],
      },
      [
        "name must not be blank",
        "budget must be more than 0 credits",
        'expiresAt must be "never", an ISO 8601 instant',
        "models has a blank model id",
        "allowedIps has no IP address or CIDR block at [1]",
      ],
    ],
    [{ budget: Number.NaN }, ["budget must be a number of credits, more than 0"]],
    [{ budget: undefined }, ["budget is required"]],
  ];

  it("names the property and what would be right", async () => {
    const stack = await engine.stack("wrong", program({}));
    for (const [args, shown] of rows) {
      stack.setProgram(untyped("wrong", args));
      const { output } = await expectFailure(stack.preview());
      const problems = diagnosticsOf(output)
        .split("\n")
        .filter((line) => line.includes("has a problem: "))
        .map((line) => line.split("has a problem: ")[1]);
      expect(problems).toHaveLength(shown.length);
      for (const sentence of shown) expect(problems).toContainEqual(expect.stringContaining(sentence));
      expect(output).not.toMatch(/^ +at /m);
    }
    expect(engine.takeRequests()).toEqual([]);
    expect(await engine.project.resources("wrong")).toEqual([]);
  });

  itOnce("names a malformed setting, of the stack's own account or of an Account", async () => {
    const stack = await engine.stack("settings", program({ bot: { budget: 10_001 } }));
    await stack.setConfig({ "electronhub:maxWait": { value: "soon" } });
    const { output } = await expectFailure(stack.preview());
    expect(diagnosticsOf(output)).toMatch(/electronhub:maxWait .* is not a duration\. Write for example 90s/);
    await stack.setConfig({ "electronhub:maxWait": { value: "90s" } });
    expect(await stack.preview()).toMatchObject({ changes: { create: 2 } });

    stack.setProgram(async () => {
      const apiKey = "sk-of-another-vendor";
      declare("bot", { budget: 1 }, { provider: accountOf("team", { apiKey }) });
    });
    const refused = await expectFailure(stack.preview());
    expect(diagnosticsOf(refused.output)).toMatch(/electronhub:apiKey .* is not an Electron Hub API key/);
    expect(refused.output).not.toContain("sk-of");
    expect(engine.takeRequests()).toEqual([]);
  });

  it("and does not show a key that was pasted in the wrong place", async () => {
    const { key } = engine.simulator.account().addKey({ name: "pasted" });
    const stack = await engine.stack("pasted", untyped("pasted", { name: key, allowedIps: [key] }));
    const { output } = await expectFailure(stack.preview());
    expect(diagnosticsOf(output)).toContain("name must have at most 25 characters");
    expect(output).not.toContain(key);
  });
});

it.skipIf(IS_PLUGIN)(
  "the option `import` fails the preview with what to do instead, without a stack trace",
  async () => {
    const stack = await engine.stack("imported", async () => {
      declare("legacy", { budget: 1 }, { import: "pk-0123456789abcdef" });
    });
    const { output } = await expectFailure(stack.preview());
    expect(diagnosticsOf(output)).toMatch(
      /ProxyKey "legacy": the option `import` cannot work.*\n.*`adopt: KEY`/,
    );
    expect(output).not.toMatch(/^ +at /m);
    expect(engine.takeRequests()).toEqual([]);
  },
);

it("values that are not known yet pass the preview, and the up resolves them", async () => {
  const stack = await engine.stack("unknown", async () => {
    const first = declare("first", { budget: 10 });
    const hash = first.fingerprint.apply((fingerprint) => fingerprint.slice(3));
    declare("second", {
      name: pulumi.interpolate`after-${hash}`,
      budget: first.budget.apply((budget) => budget / 2),
      models: ["o3", hash],
      allowedIps: hash.apply(() => ["10.0.0.1"]),
      enabled: hash.apply(() => true),
      expiresAt: hash.apply(() => "never" as const),
    });
  });
  const preview = await stack.preview();
  expect(preview.changes).toEqual({ create: 3 });
  expect(engine.takeRequests()).toEqual([]);

  await stack.up();
  expect(engine.takeRequests()).toEqual([...times(2, CREATE), UPDATE]);
  const { first, second } = await engine.keysInState("unknown");
  const hash = String(first?.id).slice(3);
  expect(second?.outputs).toMatchObject({ name: `after-${hash}`, budget: 5, allowedIps: ["10.0.0.1"] });
  expect(engine.simulator.account().findKey(`after-${hash}`)).toMatchObject({
    allocatedAmount: 5,
    modelWhitelist: [hash, "o3"].toSorted(),
    ipWhitelist: ["10.0.0.1"],
  });
  await engine.expectNoChange(stack);
});

itOnce("a value that turns out wrong only in the up is refused there, with nothing sent for it", async () => {
  const stack = await engine.stack("late", async () => {
    const first = declare("first", { budget: 10 });
    declare("second", { budget: first.fingerprint.apply(() => 0) });
  });
  await stack.preview();
  const { output } = await expectFailure(stack.up());
  expect(diagnosticsOf(output)).toContain("budget must be more than 0 credits");
  expect(engine.takeRequests()).toEqual([CREATE]);
  expect(Object.keys(await engine.keysInState("late"))).toEqual(["first"]);
});

/** As a program without types may declare it. */
function untyped(resource: string, args: Record<string, unknown>) {
  return program({ [resource]: args });
}
