import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { install } from "@sinonjs/fake-timers";

import type { SimulatedClock } from "../../../provider/testing";

const nextTurn = setImmediate;
/** Turns of the event loop without a request in flight after which the work that a response started is done. */
const QUIET_TURNS = 6;
/** Turns without a request or a timer after which the work counts as stuck. */
const STUCK_TURNS = 10_000;

/**
 * Runs libraries with their own timers in virtual time: the global timers and `Date` are fake, and time jumps to the
 * next timer when no request is in flight. Sockets are real, and undici's channels report the requests.
 *
 * @param isBusy whether something else is under way that virtual time must not overtake.
 */
export async function inFakeTime<T>(
  work: (clock: SimulatedClock) => Promise<T>,
  isBusy: () => boolean = () => false,
): Promise<T> {
  const requests = watchRequests();
  const timers = install({
    now: Date.UTC(2026, 0, 1),
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  let asleepInServer = 0;
  const clock: SimulatedClock = {
    nowMs: () => timers.now,
    sleep: async (delayMs) => {
      asleepInServer++;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      asleepInServer--;
    },
  };
  try {
    const ended = work(clock);
    await drive(timers, ended, () => isBusy() || requests.underWay() > asleepInServer);
    return await ended;
  } finally {
    timers.uninstall();
    requests.stop();
  }
}

async function drive(
  timers: ReturnType<typeof install>,
  ended: Promise<unknown>,
  isBusy: () => boolean,
): Promise<void> {
  const state = { running: true };
  const stop = (): void => {
    state.running = false;
  };
  ended.then(stop, stop);
  for (let idleTurns = 0; state.running;) {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = isBusy() ? 0 : quiet + 1) {
      await new Promise<void>((resolve) => nextTurn(resolve));
    }
    if (timers.countTimers() > 0) {
      timers.next();
      idleTurns = 0;
    } else if (++idleTurns > STUCK_TURNS)
      throw new Error("The work has not ended, but no request and no timer is left.");
  }
}

/** Counts the requests of every copy of undici in this process, including that of `fetch`. */
function watchRequests() {
  const underWay = new Set<unknown>();
  const begin = (message: unknown) => void underWay.add((message as { request: unknown }).request);
  const end = (message: unknown) => void underWay.delete((message as { request: unknown }).request);
  const channels = [
    ["undici:request:create", begin],
    ["undici:request:trailers", end],
    ["undici:request:error", end],
  ] as const;
  for (const [name, listener] of channels) subscribe(name, listener);
  return {
    underWay: () => underWay.size,
    stop: () => {
      for (const [name, listener] of channels) unsubscribe(name, listener);
    },
  };
}
