import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect, it } from "vitest";
import { Cancellation } from "../../../../provider/cli/pulumi/cancellation";
import { VirtualClock } from "../../../support/virtualClock";

const PRELUDE = { preludeEvent: { config: {} } } as unknown as EngineEvent;
const saying = (message: string) => ({ stdoutEvent: { message, color: "always" } }) as EngineEvent;

function setup({ isStopped = false } = {}) {
  const stop = new AbortController();
  const hurry = new AbortController();
  if (isStopped) stop.abort();
  const clock = new VirtualClock();
  const cancellation = new Cancellation({ stop: stop.signal, hurry: hurry.signal }, clock);
  let signals = 0;
  cancellation.signal.addEventListener("abort", () => signals++);
  /** Time passes whenever nothing else can happen. */
  const later = () => clock.sleep(60_000);
  return { stop, hurry, clock, cancellation, later, signals: () => signals };
}

it.each(["^C received; cancelling. If you would", "SIGTERM received; cancelling. If you would"])(
  "an engine that announces a signal gets no second one (%s)",
  async (announcement) => {
    const { stop, hurry, cancellation, later, signals } = setup();
    cancellation.take(PRELUDE);
    stop.abort();
    cancellation.take(saying(announcement));
    await later();
    hurry.abort();
    await later();
    expect(signals()).toBe(0);
  },
);

it("an engine that announces none gets one signal, and only one", async () => {
  const { stop, hurry, clock, cancellation, later, signals } = setup();
  cancellation.take(PRELUDE);
  cancellation.take(saying("something else\n"));
  stop.abort();
  expect(signals()).toBe(0);
  await later();
  expect(signals()).toBe(1);
  expect(clock.slept).toContain(2_000);
  hurry.abort();
  await later();
  expect(signals()).toBe(1);
});

it("an engine that has not begun gets the signal later: it would die with the stack locked", async () => {
  const { stop, clock, cancellation, later, signals } = setup();
  stop.abort();
  await clock.sleep(5_000);
  expect(signals()).toBe(0);
  cancellation.take(PRELUDE);
  await later();
  expect(signals()).toBe(1);
});

it("an engine that never begins gets the signal in the end, even when it was wished for before", async () => {
  const { later, signals } = setup({ isStopped: true });
  await later();
  expect(signals()).toBe(1);
});

it("the engine gets the signal at once when the command is to end at once", () => {
  const { stop, hurry, cancellation, signals } = setup();
  cancellation.take(PRELUDE);
  stop.abort();
  hurry.abort();
  expect(signals()).toBe(1);
});

it("an engine that has ended gets none", async () => {
  const { stop, hurry, cancellation, later, signals } = setup();
  cancellation.end();
  stop.abort();
  hurry.abort();
  await later();
  expect(signals()).toBe(0);
});
