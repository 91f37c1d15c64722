import { describe, expect, it } from "vitest";
import type { Fixture } from "../fixture";
import { createFixture, PATHS, savedFailure, sent } from "../fixture";

const RESTRICTED = { models: ["gpt-4o"], allowedIps: ["10.0.0.1"], expiresAt: "2030-03-17T17:46:40Z" };

/** Every way in which a response shows a key that may do more than `RESTRICTED`, with a budget of 10. */
const WIDER: [string, unknown, string, unknown][] = [
  ["model_whitelist", [], "models", "all"],
  ["model_whitelist", null, "models", "all"],
  ["model_whitelist", ["gpt-4o", "o3"], "models", ["gpt-4o", "o3"]],
  ["ip_whitelist", [], "allowedIps", "any"],
  ["ip_whitelist", ["10.0.0.0/8"], "allowedIps", ["10.0.0.0/8"]],
  ["expires_at", -1, "expiresAt", "never"],
  ["expires_at", 1_900_003_600, "expiresAt", "2030-03-17T18:46:40Z"],
  ["allocated_ammount", 1_000, "budget", 1_000],
];

/** Creates a key whose response, and lookups if `isKept`, show one field otherwise. */
async function createShowing(field: string, value: unknown, isKept: boolean) {
  const fixture = await createFixture();
  const key = `ek-proxy-${"b".repeat(48)}`;
  const inputs = await fixture.declare(RESTRICTED);
  const whole = {
    name: String(inputs["__createdAs"]),
    key,
    expires_at: 1_900_000_000,
    allocated_ammount: 10,
    is_active: true,
    model_whitelist: ["gpt-4o"],
    ip_whitelist: ["10.0.0.1"],
  } as const;
  const shown = { ...whole, [field]: value } as typeof whole;
  fixture.simulator.account().addKey({ name: whole.name, key, allocatedAmount: 10 });
  fixture.simulator.inject({ on: { path: PATHS.create }, status: 201, body: shown });
  fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body: isKept ? shown : whole });
  return { fixture, inputs, whole, shown, creating: fixture.lifecycle.create(inputs) };
}

const settingsSent = ({ simulator }: Fixture) =>
  simulator.journal.find(({ path }) => path === PATHS.update)?.body;

/** A list may be a secret of the program, and the state keeps the message. */
const inWords = (value: unknown) =>
  Array.isArray(value) ? `a list of ${value.length}` : JSON.stringify(value);

describe.each(WIDER)("a key that comes out with %s %j", (field, value, name, shownAs) => {
  it("gets the declared settings once, and counts as created if a lookup then shows them", async () => {
    const { fixture, creating } = await createShowing(field, value, false);
    await expect(creating).resolves.toMatchObject({ outs: { ...RESTRICTED, budget: 10 } });
    expect(Object.keys((await creating).outs as object)).not.toContain("__isWider");
    expect(Object.keys((await creating).outs as object)).not.toContain("__altered");
    expect(sent(fixture)).toEqual(["create", "update", "lookup"]);
    expect(settingsSent(fixture)).toMatchObject({ model_whitelist: ["gpt-4o"], expires_at: 1_900_000_000 });
  });

  it("and stays so, is saved as it is, and the message names input, declared and actual value", async () => {
    const { fixture, inputs, shown, whole, creating } = await createShowing(field, value, true);
    const { id, properties, message } = await savedFailure(creating);
    const declared: unknown = { ...RESTRICTED, budget: 10 }[name as "budget"];
    expect(message).toContain(`\`${name}\` is ${inWords(shownAs)} instead of ${inWords(declared)}`);
    expect(message).toMatch(/was created, but is not yet as declared.*\nDisable or remove the key/);
    expect(properties).toMatchObject({ [name]: shownAs, unsettled: true });
    expect(sent(fixture)).toEqual(["create", "update", "lookup"]);

    // The next `up` sends the settings again, and believes a lookup only.
    fixture.simulator.clearJournal();
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body: shown });
    await expect(fixture.lifecycle.update(id, properties, inputs)).rejects.toThrow(/instead of/);
    expect(sent(fixture)).toEqual(["update", "lookup"]);
    // Also after an update without a clear response.
    fixture.simulator.inject({ on: { path: PATHS.update }, status: 500, times: 99 });
    const unclear = await savedFailure(fixture.lifecycle.update(id, properties, inputs));
    expect(unclear.properties).toMatchObject({ unsettled: true, __isWider: true });
    fixture.simulator.clearFaults();
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body: whole, times: 2 });
    const { outs } = await fixture.lifecycle.update(id, properties, inputs);
    expect(outs).toMatchObject({ ...RESTRICTED, budget: 10 });
    expect(outs).not.toHaveProperty("unsettled");
    expect(outs).not.toHaveProperty("__isWider");
  });
});

it.each([
  ["name", "another name"],
  ["allocated_ammount", 9],
  ["expires_at", 1_800_000_000],
])("a key that keeps %s %j, which allows no more, is created as declared", async (field, value) => {
  const { fixture, inputs, shown, creating } = await createShowing(field, value, true);
  const { id, outs } = await creating;
  expect(outs).toMatchObject({ ...RESTRICTED, budget: 10 });
  const isOwnName = field === "name";
  // A response with another name may hold the key of another request, so the list has to show the key.
  expect(sent(fixture)).toEqual(
    isOwnName ? ["create", "list", "lookup", "update", "lookup", "list"] : ["create", "update", "lookup"],
  );

  // It is what the API makes of the declared value. Another value is a change outside Pulumi.
  const refreshed = async (body: object) => {
    fixture.clock.advance(31_000);
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body: [body] as never });
    const { props } = await fixture.lifecycle.read(id, outs);
    return fixture.lifecycle.diff(id, props as never, inputs);
  };
  await expect(refreshed(shown)).resolves.toMatchObject({ changes: false });
  const other = { ...shown, [field]: isOwnName ? "a third name" : Number(value) - 1 };
  await expect(refreshed(other)).resolves.toMatchObject({ changes: !isOwnName });
});

it("a key that comes out as declared takes no further request", async () => {
  const { fixture, creating } = await createShowing("budget", undefined, true);
  await creating;
  expect(sent(fixture)).toEqual(["create"]);
});
