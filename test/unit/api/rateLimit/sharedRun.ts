import { sharedWindowStore } from "../../../../provider/api/rateLimit/sharedWindow";
import { memoryStore, type WindowStore } from "../../../../provider/api/rateLimit/windowStore";
import type { Clock } from "../../../../provider/util/clock";
import type { VirtualClock } from "../../../support/virtualClock";
import type { MemoryServer } from "./memoryCell";

/** A machine with a clock and a window of its own. */
export interface Machine {
  clock: Clock;
  store: WindowStore;
  /** What it warned about. */
  troubles: string[];
}

/** @param aheadMs how far the machine's clock is ahead of the others'. */
export function machine(server: MemoryServer, clock: VirtualClock, aheadMs = 0): Machine {
  const own: Clock = {
    nowMs: () => clock.nowMs() + aheadMs,
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  };
  const troubles: string[] = [];
  const store = sharedWindowStore({
    cell: server.cell(),
    local: memoryStore(),
    nowMs: () => own.nowMs(),
    onTrouble: ({ message }) => troubles.push(message),
  });
  return { clock: own, store, troubles };
}
