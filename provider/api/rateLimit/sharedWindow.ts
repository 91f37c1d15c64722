import { randomUUID } from "node:crypto";
import { UserError } from "../../util/userError";
import { prune } from "./rateWindow";
import { emptyWindow, type WindowState } from "./windowState";
import type { Change, LocalStore, Mirror, WindowStore } from "./windowStore";
import { parseWindow, windowText } from "./windowText";

/** A value on a server that machines share. */
export interface Cell {
  /** Where the server keeps it. */
  readonly key: string;
  /**
   * Reads the value.
   *
   * @param known a version whose text is known, so that it need not be sent again.
   * @throws SharedWindowError when the server cannot be used.
   */
  read(known: string): Promise<CellValue>;
  /**
   * Replaces the value if it still has a version. May have replaced it even if it returns a value with the next version.
   *
   * @returns true, or the value that another machine has written meanwhile.
   * @throws SharedWindowError when the server cannot be used.
   */
  writeIf(version: string, next: { version: string; text: string }): Promise<true | CellValue>;
}

export interface CellValue {
  /** Empty: there is no value. */
  version: string;
  /** Absent: it is the text of the known version, or there is no value. */
  text?: string | undefined;
  /** The time by the server's clock. */
  nowMs: number;
}

export const HOW_TO_CHECK = "Run `npx pulumi-electronhub doctor`, which checks the server.";

/** The window that machines share cannot be used. */
export class SharedWindowError extends UserError {
  override readonly name = "SharedWindowError";
}

export interface SharedWindowOptions {
  cell: Cell;
  /** This machine's own window, which is used from the first failure on. */
  local: LocalStore;
  /** The time by this machine's clock. */
  nowMs: () => number;
  /** Called once, when the server cannot be used. */
  onTrouble: (error: SharedWindowError) => void;
}

/** With a thousand requests per minute by eleven machines, a step needs at most 57. */
const MAX_ATTEMPTS = 300;

interface Step {
  change: Change<unknown>;
  mirror: Mirror<unknown> | undefined;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Keeps a window on a server that machines share. A step reads the state, changes it, and writes it if no other machine
 * has written meanwhile. Steps that are requested during another one are taken together. After a failure this machine
 * keeps to its own window, which has known its requests and their responses all along.
 */
export function sharedWindowStore({ cell, local, nowMs, onTrouble }: SharedWindowOptions): WindowStore {
  const versions = randomUUID();
  let writes = 0;
  /** What the latest steps have left on the server. */
  let known = { version: "", text: "", state: emptyWindow() };
  /** How far the server's clock is ahead. */
  let aheadMs = 0;
  let steps: Step[] = [];
  let isRunning = false;
  let hasFailed = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (steps.length > 0) {
      const taken = steps;
      steps = [];
      try {
        await take(taken);
      } catch (error) {
        fail(error, [...taken, ...steps]);
        steps = [];
      }
    }
    isRunning = false;
  }

  /** Takes some steps together. Settles them unless it throws. */
  async function take(taken: readonly Step[]): Promise<void> {
    let value = await cell.read(known.version);
    /** The requests that earlier attempts have added. */
    const added = new Set<string>();
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      aheadMs = value.nowMs - nowMs();
      const { version } = value;
      // An attempt that failed may have changed the known state in vain.
      const mine = () => (attempt === 1 ? known.state : (parseWindow(known.text) ?? emptyWindow()));
      const state = stateOf(value, mine);
      // If an attempt was written and its reply lost, others may have written since, so that it is not recognised.
      state.entries = state.entries.filter(({ id }) => !added.has(id));
      const before = new Set(state.entries.map(({ id }) => id));
      const outcomes = taken.map(({ change }) => outcomeOf(() => change(state, value.nowMs)));
      for (const { id } of state.entries) if (!before.has(id)) added.add(id);
      const text = windowText(state);
      if (text === (value.text ?? known.text) && version !== "") {
        known = { version, text, state };
      } else {
        const own = `${versions}-${++writes}`;
        const next = { version: `${version === "" ? own : seriesOf(version)}/${own}`, text };
        const written = await cell.writeIf(version, next);
        // A version of ours: the first reply was lost, and the request was repeated.
        if (written !== true && written.version !== next.version) {
          value = written;
          continue;
        }
        known = { ...next, state };
      }
      settle(taken, outcomes);
      return;
    }
    throw refusesWrites(cell.key);
  }

  /** The state of the server. If the server has lost it, as in a restart, what this machine knows of it. */
  function stateOf({ version, text, nowMs: sharedNowMs }: CellValue, mine: () => WindowState): WindowState {
    if (text === undefined) return mine();
    const state = parseWindow(text);
    if (state === undefined) throw damaged(cell.key);
    // Another machine has restored what it knew: this one adds what it knows.
    if (known.version !== "" && seriesOf(version) !== seriesOf(known.version))
      restore(state, mine(), sharedNowMs);
    return state;
  }

  function settle(taken: readonly Step[], outcomes: readonly Outcome[]): void {
    // Before the requests are sent.
    local.transact((state) => {
      for (const [at, { mirror }] of taken.entries()) {
        const outcome = outcomes[at] as Outcome;
        if ("value" in outcome) mirror?.(state, outcome.value);
      }
    });
    for (const [at, { resolve, reject }] of taken.entries()) {
      const outcome = outcomes[at] as Outcome;
      if ("value" in outcome) resolve(outcome.value);
      else reject(outcome.error);
    }
  }

  function fail(error: unknown, left: readonly Step[]): void {
    hasFailed = true;
    onTrouble(error instanceof SharedWindowError ? error : unexpected(error));
    local.transact((state) => takeOver(state, known.state, aheadMs, nowMs()));
    for (const { change, resolve, reject } of left) {
      const outcome = outcomeOf(() => local.transact(change));
      if ("value" in outcome) resolve(outcome.value);
      else reject(outcome.error);
    }
  }

  return {
    get shared() {
      return hasFailed ? local.shared : true;
    },
    transact<T>(change: Change<T>, mirror?: Mirror<T>): T | Promise<T> {
      if (hasFailed) return local.transact(change);
      return new Promise<T>((resolve, reject) => {
        steps.push({ change, mirror, resolve, reject } as Step);
        if (!isRunning) void run();
      });
    },
  };
}

type Outcome = { value: unknown } | { error: unknown };

function outcomeOf(step: () => unknown): Outcome {
  try {
    return { value: step() };
  } catch (error) {
    return { error };
  }
}

/** The first version after the server had no value. All versions that follow it start with it. */
function seriesOf(version: string): string {
  return version.split("/", 1)[0] ?? "";
}

/** Adds to a restored window what another machine knew of the lost one. */
function restore(state: WindowState, lost: WindowState, nowMs: number): void {
  const known = new Map(lost.entries.map((entry) => [entry.id, entry]));
  const restored = new Set(state.entries.map(({ id }) => id));
  state.entries = [
    ...lost.entries.filter(({ id }) => !restored.has(id)),
    ...state.entries.map((entry) => (entry.endedMs === undefined ? (known.get(entry.id) ?? entry) : entry)),
  ];
  takeOver(state, lost, 0, nowMs);
}

/** Adds to a machine's own window what other machines have taught the shared one. */
function takeOver(own: WindowState, shared: WindowState, aheadMs: number, nowMs: number): void {
  prune(own, nowMs);
  // The server has given this machine a part of the window, which it may use on.
  if (own.crowd !== undefined) own.crowd.share = Math.max(own.crowd.share, own.entries.length);
  if (own.limit === undefined && shared.limit !== undefined) {
    own.limit = shared.limit;
    if (shared.limitUntilMs !== undefined) own.limitUntilMs = shared.limitUntilMs - aheadMs;
  }
  const untilMs = shared.cooldownUntilMs - aheadMs;
  if (untilMs <= Math.max(nowMs, own.cooldownUntilMs)) return;
  own.cooldownUntilMs = untilMs;
  own.last429Ms = Math.min(nowMs, shared.last429Ms - aheadMs);
  own.cooldowns = shared.cooldowns;
  own.lastReportMs = 0;
}

function damaged(key: string): SharedWindowError {
  return new SharedWindowError({
    why: `The value of ${key} on the server is not a rate-limit window.`,
    nextStep: `Delete it with \`DEL ${key}\`.`,
  });
}

function refusesWrites(key: string): SharedWindowError {
  return new SharedWindowError({
    why: `The server refused ${MAX_ATTEMPTS} times to replace ${key}, each time because of another change.`,
    nextStep: HOW_TO_CHECK,
  });
}

function unexpected(cause: unknown): SharedWindowError {
  return new SharedWindowError({
    why: `An unexpected error occurred (${cause instanceof Error ? cause.name : typeof cause}).`,
    nextStep: HOW_TO_CHECK,
    cause,
  });
}
