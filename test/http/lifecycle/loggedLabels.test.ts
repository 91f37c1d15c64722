import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { labelsForOrphans } from "../../../provider/cli/audit/loggedLabels";
import { recordedTerminal } from "../../support/recordedTerminal";
import { createFixture, PATHS, refusal, rejection, type Fixture } from "../fixture";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "labels-"));
  file = join(folder, "audit.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { terminal: silent } = recordedTerminal();

/** What `orphans --label` selects by. */
const labelsInLog = async () => Object.fromEntries(await labelsForOrphans(file, { removes: false }, silent));

const labels = { owner: "team-a" };
const LIFTED = { models: "all", allowedIps: "any", expiresAt: "never", budgetWindow: "daily" };

/** A run of another stack on the same account, with the same log. */
const anotherRun = ({ simulator }: Fixture) =>
  createFixture({
    environment: {
      ELECTRONHUB_AUDIT_LOG: file,
      ELECTRONHUB_API_KEY: simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: simulator.baseUrl,
    },
  });

async function labelled() {
  const fixture = await createFixture({ environment: { ELECTRONHUB_AUDIT_LOG: file } });
  const made = await fixture.existing({ labels });
  expect(await labelsInLog()).toEqual({ [made.id]: labels });
  return { fixture, other: await anotherRun(fixture), ...made };
}

it("a resource that adopts a key without labels takes the earlier ones away", async () => {
  const { other, state } = await labelled();
  await other.lifecycle.create(await other.declare({ adopt: state.key, ...LIFTED }));
  expect(await labelsInLog()).toEqual({});
});

it("an update of a resource without labels, such as an imported one, takes the earlier ones away", async () => {
  const { other, id, state } = await labelled();
  const { labels: _, ...imported } = state;
  await other.lifecycle.update(id, imported, await other.declare({ budget: 20 }, imported));
  expect(await labelsInLog()).toEqual({});
});

it("a failed adoption takes no labels away", async () => {
  const { fixture, other, id, state } = await labelled();
  fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
  await rejection(other.lifecycle.create(await other.declare({ adopt: state.key, ...LIFTED })));
  expect(await labelsInLog()).toEqual({ [id]: labels });
});

it("the deletion of the resource that had the key before leaves the labels of the one that has it", async () => {
  const { fixture, other, id, state } = await labelled();
  const own = { owner: "team-b" };
  const { outs = {} } = await other.lifecycle.create(
    await other.declare({ adopt: state.key, ...LIFTED, budget: 20, labels: own }),
  );
  expect(await labelsInLog()).toEqual({ [id]: own });
  for (const fails of [true, false]) {
    const later = await anotherRun(fixture);
    const news = await later.declare({ budget: 30, labels: own }, outs);
    await later.lifecycle.diff(id, outs, news);
    if (fails)
      fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
    const deleted = later.lifecycle.delete(id, state);
    await (fails ? rejection(deleted) : deleted);
    expect(await labelsInLog(), fails ? "failed" : "taken over").toEqual({ [id]: own });
  }
});
