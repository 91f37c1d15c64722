import { describe, expect, it } from "vitest";
import { createFixture, PATHS, sent } from "../fixture";

type Shown = Record<string, string | number | boolean | readonly string[]>;

/** An input, what the API makes of it, and whether the key may then do more. */
const REWRITTEN: { input: Record<string, unknown>; shown: Shown; isWider?: true }[] = [
  { input: { budget: 1.234_56 }, shown: { allocated_ammount: 1.23 } },
  { input: { budget: 10.004 }, shown: { allocated_ammount: 10 } },
  { input: { budget: 0.1 + 0.2 }, shown: { allocated_ammount: 0.3 } },
  { input: { budget: 1.236 }, shown: { allocated_ammount: 1.24 } },
  { input: { budget: 1.5 }, shown: { allocated_ammount: 2 }, isWider: true },
  { input: { expiresAt: "2030-03-17T17:46:41Z" }, shown: { expires_at: 1_900_000_020 } },
  { input: { expiresAt: "2030-03-17T17:46:40Z" }, shown: { expires_at: 1_899_999_960 } },
  { input: { expiresAt: "2030-03-17T17:46:40Z" }, shown: { expires_at: 1_899_997_200 } },
  { input: { expiresAt: "2030-03-17T17:46:40Z" }, shown: { expires_at: 1_900_000_800 }, isWider: true },
  { input: { models: ["GPT-4o", "o3"] }, shown: { model_whitelist: ["o3", "gpt-4o"] } },
  { input: { models: ["o3"] }, shown: { model_whitelist: ["o3", "o4"] }, isWider: true },
  { input: { allowedIps: ["::ffff:10.0.0.1"] }, shown: { ip_whitelist: ["10.0.0.1"] } },
  { input: { allowedIps: ["::ffff:10.0.0.0/104"] }, shown: { ip_whitelist: ["10.0.0.0/8"] } },
  { input: { allowedIps: ["10.0.0.0/8"] }, shown: { ip_whitelist: ["0.0.0.0/0"] }, isWider: true },
  { input: { name: "the  Team's own key" }, shown: { name: "the team's own key" } },
  { input: { name: "a-rather-long-name-of-a-key".slice(0, 25) }, shown: { name: "a-rather-long-name-o" } },
  { input: { name: "Zürich-zürich-zürich-zür" }, shown: { name: "Zürich-zürich-zürich-z\uFFFD" } },
];

describe.each(REWRITTEN)("$input, which the API shows as $shown", ({ input, shown, isWider = false }) => {
  /** A key as the API shows it. */
  async function existing(before: Record<string, unknown>) {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing(before);
    const whole = {
      name: state.name,
      key: state.key,
      expires_at: -1,
      allocated_ammount: state.budget,
      is_active: true,
      model_whitelist: [] as string[],
      ip_whitelist: [] as string[],
    };
    const list = (body: object) => {
      fixture.clock.advance(31_000);
      fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body: [body] as never });
    };
    return { fixture, id, state, inputs, whole, list };
  }

  it(`after an update and a refresh is ${isWider ? "a" : "no"} difference`, async () => {
    const { fixture, id, state, inputs, whole, list } = await existing({});
    const news = await fixture.declare(input, inputs);
    const { outs } = await fixture.lifecycle.update(id, state, news);
    expect(sent(fixture)).toEqual(["update"]);
    await expect(fixture.lifecycle.diff(id, outs as never, news)).resolves.toMatchObject({ changes: false });
    for (let refreshes = 0, known: object = outs ?? {}; refreshes < 2; refreshes++) {
      list({ ...whole, ...(input["name"] === undefined ? {} : { name: input["name"] }), ...shown });
      const { props, inputs: read } = await fixture.lifecycle.read(id, known as never);
      const checked = await fixture.declare(input, read);
      await expect(fixture.lifecycle.diff(id, props as never, checked)).resolves.toMatchObject({
        changes: isWider,
      });
      known = props as object;
    }
  });

  it("is sent when the program declares it instead of what the API shows", async () => {
    const { fixture, id, state, inputs, whole, list } = await existing({});
    list({ ...whole, ...shown });
    const { props } = await fixture.lifecycle.read(id, state);
    const news = await fixture.declare(input, inputs);
    // A name in another case or with other spaces is another one in a program.
    await expect(fixture.lifecycle.diff(id, props as never, news)).resolves.toMatchObject({ changes: true });
  });
});

describe("a value that the rules of today refuse, and that the program does not change", () => {
  const ODD = {
    name: "a name that is longer than 25 characters",
    budget: 0,
    allowedIps: ["an internal host", "10.0.0.7/32"],
    models: ["o3", " "],
  };

  it.each(Object.entries(ODD))(
    "%s passes check, and an update of another input sends it",
    async (name, odd) => {
      const fixture = await createFixture();
      const { id, state, inputs } = await fixture.existing();
      const stored = { ...state, [name]: odd };
      const olds = { ...inputs, [name]: odd };
      const news = await fixture.declare({ [name]: odd, enabled: true, budgetWindow: "weekly" }, olds);
      fixture.simulator.inject({
        on: { path: PATHS.update },
        status: 200,
        body: { message: "Proxy key updated" },
      });
      const { outs } = await fixture.lifecycle.update(id, stored, news);
      expect(outs).toMatchObject({ [name]: odd, budgetWindow: "weekly" });
      const [{ body }] = fixture.simulator.journal as never as [{ body: object }];
      expect(JSON.stringify(body)).toContain(JSON.stringify([odd].flat()[0]));
      await expect(fixture.lifecycle.diff(id, outs as never, news)).resolves.toMatchObject({
        changes: false,
      });
      const { failures } = await fixture.lifecycle.check({}, { budget: 1, [name]: odd });
      expect(failures).toMatchObject([{ property: name }]);
    },
  );

  it("may be the name of an imported key, which the program leaves out", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing();
    const news = await fixture.declare({ budget: 3 }, inputs);
    fixture.simulator.inject({
      on: { path: PATHS.update },
      status: 200,
      body: { message: "Proxy key updated" },
    });
    const { outs } = await fixture.lifecycle.update(id, { ...state, name: ODD.name }, news);
    expect(outs).toMatchObject({ name: ODD.name, budget: 3 });
  });
});
