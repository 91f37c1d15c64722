import {
  emptyWindow,
  type RateLimit,
  type WindowEntry,
  type WindowState,
} from "../../../../provider/api/rateLimit/windowState";
import { capacityIn } from "../../../../provider/api/rateLimit/capacity";
import { NOW_MS } from "../../fixture";

/** A request counts for this much longer than its window. */
export const MARGIN_MS = 150;

export const ended = (id: string, agoMs = 0): WindowEntry => ({
  id,
  sentMs: NOW_MS - agoMs,
  endedMs: NOW_MS - agoMs,
});
export const inFlight = (id: string, agoMs = 0): WindowEntry => ({ id, sentMs: NOW_MS - agoMs });

/** A window whose latest response has just named a limit of 5, after many that showed no other client. */
export function windowOf(entries: WindowEntry[], more: Partial<WindowState> = {}): WindowState {
  return { ...emptyWindow(), limit: 5, lastReportMs: NOW_MS, looks: 1_000, entries, ...more };
}

export const capacityAt = (state: WindowState, nowMs: number, configured?: RateLimit) => {
  const { rate: _, ...capacity } = capacityIn(state, nowMs, configured);
  return capacity;
};
export const capacityNow = (state: WindowState, configured?: RateLimit) =>
  capacityAt(state, NOW_MS, configured);
