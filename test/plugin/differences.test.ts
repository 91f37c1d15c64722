import type { ProxyKeyArgs } from "pulumi-electronhub";
import { expect, it } from "vitest";
import { program, resourceName, useEngine } from "../engine/fixture";
import { DAY_S, moveExpiry } from "../engine/expiryFixture";

const engine = useEngine();

const renewed: Partial<ProxyKeyArgs> = { expiresIn: "30d", renewBefore: "3d" };

/** What a program declares before and after a change, by the resource. */
const CHANGES: Record<string, readonly [Partial<ProxyKeyArgs>, Partial<ProxyKeyArgs>]> = {
  name: [{ name: "one" }, { name: "other" }],
  "name-left-out": [{ name: "kept" }, {}],
  budget: [{ budget: 10 }, { budget: 12.5 }],
  budgetWindow: [{}, { budgetWindow: "weekly" }],
  expiresAt: [{}, { expiresAt: "2100-01-01" }],
  "expiresAt-spelling": [{ expiresAt: "2100-01-01" }, { expiresAt: Date.UTC(2100, 0, 1) / 1_000 }],
  "expiresAt-removed": [{ expiresAt: "2100-01-01" }, {}],
  expiresIn: [{ expiresIn: "30d" }, { expiresIn: "60d" }],
  "expiresIn-added": [{}, { expiresIn: "30d" }],
  "expiresIn-for-expiresAt": [{ expiresAt: "2100-01-01" }, { expiresIn: "30d" }],
  renewBefore: [{ expiresIn: "30d" }, renewed],
  "models-added": [{}, { models: ["o3"] }],
  "models-changed": [{ models: ["o3", "a"] }, { models: ["gpt-4o", "o3"] }],
  "models-order": [{ models: ["o3", "a"] }, { models: ["a", "o3"] }],
  "models-removed": [{ models: ["o3"] }, {}],
  "allowedIps-removed": [{ allowedIps: ["10.0.0.0/8"] }, {}],
  enabled: [{}, { enabled: false }],
  rotationTrigger: [{ rotationTrigger: 1 }, { rotationTrigger: 2 }],
  "rotationTrigger-added": [{}, { rotationTrigger: { month: "2026-01" } }],
  onDestroy: [{}, { onDestroy: "disable" }],
  refuseIfUsedWithin: [{}, { refuseIfUsedWithin: "24h" }],
  // Only time moves.
  "due-to-extend": [renewed, renewed],
  "due-to-rotate": [
    { ...renewed, renew: "rotate" },
    { ...renewed, renew: "rotate" },
  ],
  "not-due": [renewed, renewed],
};

const declared = (at: 0 | 1) =>
  program(Object.fromEntries(Object.entries(CHANGES).map(([resource, change]) => [resource, change[at]])));

it("a preview shows each input's change, and a renewal that is due, as it will be", async () => {
  const stack = await engine.stack("differences", declared(0));
  await stack.up({ parallel: 64 });
  await moveExpiry(engine, stack.name, { "due-to-extend": 2 * DAY_S, "due-to-rotate": -DAY_S });
  engine.takeRequests();

  stack.setProgram(declared(1));
  const { stdout, events } = await stack.preview({ diff: true });
  expect(engine.takeRequests()).toEqual([]);
  await expect(differencesIn(stdout)).toMatchFileSnapshot("differences.txt");
  const notes = events.flatMap(({ diagnosticEvent: line }) =>
    line?.severity === "info" && line.urn ? `${resourceName(line.urn)}: ${line.message.trim()}` : [],
  );
  expect(notes.toSorted()).toEqual([
    expect.stringMatching(/^due-to-extend: Proxy key "due-to-extend-.{7}": it expires in .* extended\.$/),
    expect.stringMatching(/^due-to-rotate: Proxy key "due-to-rotate-.{7}": it has expired .* replaces it\.$/),
  ]);
});

/** What a preview shows of each resource that changes, in the order of their names. */
function differencesIn(output: string): string {
  const changed = output
    .slice(0, output.indexOf("\nResources:"))
    .split(/^ {4}(?=[~+-])/m)
    .slice(1);
  const blocks = changed.map((block) => {
    const [head = "", , urn = "", _provider, ...lines] = block.trimEnd().split("\n");
    return [`${resourceName(urn).slice(0, -1)} ${head.slice(head.indexOf("("))}`, ...lines].join("\n");
  });
  return `${blocks.toSorted().join("\n")}\n`;
}
