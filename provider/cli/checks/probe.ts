import type { KeyObject, AccountObject } from "../../api/wire";
import { ConnectionError, MaxWaitError, UnauthorizedError } from "../../api/errors";
import { createTransport, type HttpResponse, type Transport } from "../../api/transport";
import { memoryStore, type WindowStore } from "../../api/rateLimit/windowStore";
import type { Settings } from "../../config";
import { AccountContexts } from "../../lifecycle/accountContext";
import { systemDependencies } from "../../lifecycle/system";
import type { CommandContext } from "../commandContext";

/** An answer's head, and between which instants the server wrote it, in milliseconds since the epoch. */
export interface Observed extends Pick<HttpResponse, "status" | "headers"> {
  sentMs: number;
  receivedMs: number;
}

export type Outcome<T> = { value: T } | { error: unknown };

/** What two questions to the account have brought. */
export interface Findings {
  account: Outcome<AccountObject>;
  /** Undefined: not asked, since the answer would be that of `account`. */
  keys: Outcome<readonly KeyObject[]> | undefined;
  /** In the order in which they came. */
  answers: readonly Observed[];
  /** Milliseconds since the epoch; 0: there was none. */
  cooldownUntilMs: number;
}

/** Milliseconds: a person waits for this. A cooldown is longer, and is told rather than waited for. */
const MAX_WAIT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 20_000;

/** A second try tells a mishap from a state. */
const RETRY_POLICY = { maxAttempts: 2, baseDelayMs: 200, maxDelayMs: 1_000 };

/** Asks the account who it is and which keys it has, within its rate limit, and notes what the answers tell beside that. */
export async function probe(settings: Settings, world: CommandContext): Promise<Findings> {
  const { clock, terminal } = world;
  const answers: Observed[] = [];
  const transport = observing(createTransport({ answerTimeoutMs: ANSWER_TIMEOUT_MS }), answers, () =>
    clock.nowMs(),
  );
  const system = systemDependencies((line) => terminal.progress(line));
  const { windowStore: storeOf = () => memoryStore() } = system;
  let window: WindowStore | undefined;
  const sessions = new AccountContexts({
    ...system,
    clock,
    transport,
    retryPolicy: RETRY_POLICY,
    signal: world.stop,
    windowStore: (account) => (window = storeOf(account)),
  });
  try {
    const quick = { ...settings, maxWaitMs: Math.min(settings.maxWaitMs, MAX_WAIT_MS) };
    const ask = sessions.begin(quick);
    const account = await outcomeOf(ask.client.account(ask.wait));
    const again = sessions.begin(quick);
    const keys = isFinal(account)
      ? undefined
      : await outcomeOf(again.client.list(again.wait).then((listing) => listing.keys));
    const cooldownUntilMs = window?.transact((state) => state.cooldownUntilMs) ?? 0;
    return { account, keys, answers, cooldownUntilMs };
  } finally {
    await Promise.all([transport.close(), system.transport.close()]);
  }
}

function observing(inner: Transport, answers: Observed[], nowMs: () => number): Transport {
  return {
    async send(request, signal) {
      const sentMs = nowMs();
      const answer = await inner.send(request, signal);
      answers.push({ status: answer.status, headers: answer.headers, sentMs, receivedMs: nowMs() });
      return answer;
    },
    close: () => inner.close(),
  };
}

async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call };
  } catch (error) {
    return { error };
  }
}

/** Whether another question would only meet the same. */
function isFinal(outcome: Outcome<unknown>): boolean {
  if (!("error" in outcome)) return false;
  const { error } = outcome;
  return [UnauthorizedError, MaxWaitError, ConnectionError].some((kind) => error instanceof kind);
}
