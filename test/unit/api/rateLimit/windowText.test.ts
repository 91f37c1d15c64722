import { expect, it } from "vitest";
import { emptyWindow, type WindowState } from "../../../../provider/api/rateLimit/windowState";
import { parseWindow, windowText } from "../../../../provider/api/rateLimit/windowText";

const RESUMPTION = { cooldownUntilMs: 2_000, spreadMs: 10, atMs: 2_005, refusals: 1 };
const CROWD = { share: 2, others: 3, othersMs: 1_000, reducedMs: 1_000 };
const state: WindowState = {
  ...emptyWindow(),
  limit: 20,
  entries: [{ id: "a", sentMs: 1_000 }],
  cooldownUntilMs: 2_000,
};

it("is what was written", () => {
  const whole = { ...state, crowd: CROWD, resumption: RESUMPTION };
  expect(parseWindow(windowText(whole))).toEqual(whole);
});

it.each<[string, object]>([
  ["resumption", { resumption: { ...RESUMPTION, refusals: undefined } }],
  ["crowd", { crowd: { ...CROWD, share: "2" } }],
])("keeps requests and the cooldown when another version writes another %s", (_, part) => {
  expect(parseWindow(JSON.stringify({ ...state, ...part }))).toEqual(state);
});

it.each(["", "{", "null", "{}", JSON.stringify({ ...state, entries: [{}] })])("is none: %s", (text) => {
  expect(parseWindow(text)).toBeUndefined();
});
