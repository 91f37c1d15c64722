import { expect } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { edgePage, type FaultSpec } from "../../../provider/testing";
import { PATHS, type Fixture } from "../fixture";

export const on = { path: PATHS.create };

export const APPLIED: [string, FaultSpec][] = [
  ["cut after the effect", { on, cut: "after" }],
  ["cut in the answer", { on, cut: "midBody" }],
  ["500 after the effect", { on, status: 500, applied: true }],
  ["503 page after the effect", { on, status: 503, body: "<html></html>", applied: true }],
  ["an edge's refusal after the effect", { on, ...edgePage(403), applied: true }],
  ["a proxy's 400 after the effect", { on, status: 400, body: "<html></html>", applied: true }],
  [
    "another service's 404 after the effect",
    { on, status: 404, body: { message: "no route" }, applied: true },
  ],
  ["a redirect after the effect", { on, status: 302, body: "", applied: true }],
  ["a page in place of the answer", { on, status: 200, body: "<html></html>", applied: true }],
];

export const NOT_APPLIED: [string, FaultSpec][] = [
  ["cut before the effect", { on, cut: "before" }],
  ["500 without effect", { on, status: 500 }],
];

/** The engine's state and the account agree on one key. */
export function expectOneKey({ simulator }: Fixture, result: { id: string; outs?: unknown }): void {
  const keys = simulator.account().keys();
  expect(keys).toHaveLength(1);
  expect(result.id).toBe(fingerprintOf(keys[0]?.key ?? ""));
  expect(result.outs).toMatchObject({ key: keys[0]?.key });
}
