import type { WindowStore } from "../../provider/api/rateLimit/windowStore";
import type { Transport } from "../../provider/api/transport";
import { isUserError } from "../../provider/util/userError";
import { readSettings, type Settings } from "../../provider/config";
import type { Clock } from "../../provider/util/clock";
import { LiveApi } from "./api";
import { MAX_CREDITS, NAME_PREFIX, OwnKeys } from "./ownKeys";
import { GROUPS, type Group } from "./questions";
import { Report } from "./report";
import { changedKeys, removeOwn, removeStale, survey } from "./sweeper";

export interface LiveRun {
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  random: () => number;
  transport: Transport;
  /** The rate-limit window of an account. */
  store: (settings: Settings) => WindowStore;
  /** Six letters or digits, different for each run. */
  runId: string;
  /** Ends the questions. The keys are removed nevertheless. */
  signal?: AbortSignal;
  /** Receives the table. */
  print: (text: string) => void;
  /** Receives lines on how far it is. */
  progress: (line: string) => void;
}

/** As the command's: done, failed in part, refused to start. */
export type ExitCode = 0 | 1 | 2;

/** At most this is in all budgets at once, as `test/live/run.test.ts` proves. */
export const NEEDED_CREDITS = 0.05;

/** The product's setting, whatever the environment says. */
const RATE_LIMIT = "10/60s";

/** The live test will not start. Nothing was changed. */
class Refusal extends Error {}

/** Asks the API what no public source settles, with keys of its own, and removes them. */
export async function runLive(run: LiveRun): Promise<ExitCode> {
  const report = new Report();
  const progress = (line: string) => run.progress(report.safe(line));
  try {
    const settings = settingsFor(run.environment);
    report.hide(settings.apiKey);
    const own = new OwnKeys(run.runId);
    const { clock, random, transport, signal } = run;
    const store = run.store(settings);
    const api = new LiveApi({ settings, clock, random, transport, store, own, report, signal });
    const foreign = await begin(api, own, report, progress);
    const failed = await askAll(api, run, report, progress);
    const clean = await end(api, own, foreign, progress);
    run.print(report.render());
    return failed || !clean ? 1 : 0;
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error));
    return error instanceof Refusal ? 2 : 1;
  }
}

function settingsFor(environment: LiveRun["environment"]): Settings {
  if (environment["ELECTRONHUB_LIVE"] !== "1" || (environment["ELECTRONHUB_API_KEY"] ?? "") === "")
    throw new Refusal(
      `This test changes a real account: it creates and removes keys named ${NAME_PREFIX}…, with less than ${MAX_CREDITS} credits ` +
        "in all, and uses one model once. Set ELECTRONHUB_LIVE=1 and ELECTRONHUB_API_KEY to start it.",
    );
  try {
    return readSettings({
      stack: () => undefined,
      environment: { ...environment, ELECTRONHUB_RATE_LIMIT: RATE_LIMIT },
    });
  } catch (error) {
    if (isUserError(error)) throw new Refusal(error.message);
    throw error;
  }
}

/** Looks at the account, and removes what earlier runs have left. @returns the keys of others. @throws Refusal. */
async function begin(api: LiveApi, own: OwnKeys, report: Report, progress: LiveRun["progress"]) {
  const { credits } = await api.client.account(api.call);
  if (!(credits >= NEEDED_CREDITS))
    throw new Refusal(`The account has ${credits} credits, and this test needs ${NEEDED_CREDITS}.`);
  const { keys, serverAheadMs = 0 } = await api.client.list(api.call);
  for (const { key } of keys) if (key !== undefined) report.hide(key);
  const { stale, recent, doubtful, foreign } = survey(keys, api.clock.nowMs() + serverAheadMs);
  if (doubtful.length > 0)
    throw new Refusal(
      `The names of ${doubtful.length} keys start with ${NAME_PREFIX}, but this test has not made them: ` +
        `${doubtful.map(({ name }) => name).join(", ")}. Rename them first.`,
    );
  if (keys.some(({ name }) => own.isOfThisRun(name)))
    throw new Refusal("Another run has the same id. Start again.");
  const othersCredits = recent.reduce(
    (sum, { allocated_ammount = MAX_CREDITS }) => sum + allocated_ammount,
    0,
  );
  if (othersCredits + NEEDED_CREDITS >= MAX_CREDITS)
    throw new Refusal(
      `Another run has ${recent.length} keys with ${othersCredits} credits. Wait until it has ended, or for an hour.`,
    );
  own.countOthers(othersCredits);
  const { removed, left } = await removeStale(api, own, stale);
  if (removed.length > 0) progress(`Removed keys of earlier runs: ${removed.join(", ")}.`);
  if (left.length > 0)
    throw new Error(`Keys of earlier runs are left: ${left.join(", ")}. Remove them first.`);
  return foreign;
}

/** @returns whether a group could not be asked to its end. */
async function askAll(api: LiveApi, run: LiveRun, report: Report, progress: LiveRun["progress"]) {
  let failed = false;
  for (const group of GROUPS) {
    if (run.signal?.aborted === true) return true;
    progress(`${group.name} …`);
    failed = !(await asked(group, api, run, report)) || failed;
  }
  return failed;
}

async function asked(group: Group, api: LiveApi, run: LiveRun, report: Report): Promise<boolean> {
  try {
    await group.ask(api, report, run.environment);
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    report.add(group.name, "…", why, { why: "the questions of this group failed here" });
    return false;
  }
}

/** Removes every key of this run. @returns whether the account is as it was. */
async function end(
  api: LiveApi,
  own: OwnKeys,
  foreign: Awaited<ReturnType<typeof begin>>,
  progress: LiveRun["progress"],
): Promise<boolean> {
  try {
    const { left, last } = await removeOwn(api, own);
    const changed = changedKeys(foreign, last);
    if (left.length > 0) progress(`Keys of this test are left: ${left.join(", ")}. Remove them by hand.`);
    if (changed.length > 0)
      progress(`Keys that are not this test's have changed meanwhile, not by it: ${changed.join(", ")}.`);
    progress(`The budgets held ${own.peakCredits} credits at most.`);
    return left.length === 0 && changed.length === 0;
  } catch (error) {
    const names = own.remaining.map(({ name }) => name).join(", ");
    progress(`Keys of this test may be left (${names || "none known"}): ${String(error)}`);
    return false;
  }
}
