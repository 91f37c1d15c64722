import { merged, type KeyObject } from "../../api/wire";
import { hasLabels, type Labels } from "../../lifecycle/labels";
import { listKeys, type AccountView, type ListedKey } from "../account/accounts";
import { accountForCommand } from "../account/accountForCommand";
import { EXIT, INTERRUPTED, UsageError, problemOf, type ExitCode, type Problem } from "../problems";
import { labelsForOrphans } from "../audit/loggedLabels";
import { requireStillSelected } from "../cleanup/changedKey";
import { excludedBy, type OrphanFilter } from "../cleanup/orphanFilter";
import { orphanOf, orphansText, type OrphanReport, type OrphansReport } from "../cleanup/orphanReport";
import { Ownership } from "../cleanup/ownership";
import { PulumiProject } from "../pulumi/project";
import { removeKey } from "../cleanup/removeKey";
import { labelsText } from "../terminal/labelsText";
import { creditsReturned, isWhole } from "../terminal/report";
import { listStacks } from "../stack/listStacks";
import { stackMatcher } from "../terminal/stackPattern";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface OrphansOptions extends OrphanFilter {
  dir: string;
  stack?: string;
  stacks?: readonly string[];
  /** Of the audit log: an orphan is in no state. */
  label?: Labels;
  remove?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** Lists the account's keys that no stack of the backend has, and removes them with `--remove --yes`. */
export async function orphans(options: OrphansOptions, world: CommandContext): Promise<ExitCode> {
  requireUsage(options);
  const { clock, terminal } = world;
  const project = await PulumiProject.open(options.dir, world.changes);
  // Refuses a damaged backend, in which the keys of stacks are unknown.
  await listStacks(project, { all: true });
  const account = await accountForCommand(options, world, () => Promise.resolve(project));
  const removes = options.remove === true && options.yes === true;
  const labels = await labelsForOrphans(account.settings.auditLog, { ...options, removes }, terminal);
  // Before the states: each key of this list is in its stack's state by the time that state is read.
  terminal.progress("Listing the account's keys");
  const { keys, serverAheadMs } = await listKeys(account);
  const serverNowMs = serverAheadMs === undefined ? undefined : clock.nowMs() + serverAheadMs;
  const matches =
    removes || options.stacks === undefined ? undefined : stackMatcher(options.stacks, await project.name());
  const ownership = new Ownership(project, world, matches);
  await ownership.read();
  const search: Search = { keys, serverNowMs, ownership, labels, options };
  const found = keys.filter((key) => exclusionOf(key, search) === undefined && mayBeOrphan(key, ownership));
  const problems = [...namedProblems(search), ...timeProblems(search)];
  const isOrphaned = found.some((key) => ownership.claimOn(key)?.kind !== "making");
  const isForeign = isOrphaned && keys.every((key) => ownership.ownerOf(key) === undefined);
  const { incompleteness } = ownership;
  if (incompleteness !== undefined) problems.push(problemOf(incompleteness));
  else if (isForeign) problems.push(foreignBackend(ownership.stackCount, keys.length));
  const isDoubtful = incompleteness !== undefined || isForeign;
  const changesBefore = world.changes.count;
  const reports =
    removes && !isDoubtful
      ? await removeAll(found, account, search, world)
      : found.map((key) => planned(key, search, isDoubtful));
  if (reports.length < found.length) problems.push(interruptedBefore(found.length - reports.length));
  const isDone = isWhole({ keys: reports, problems });
  const isRefused = removes && world.changes.count === changesBefore;
  const report: OrphansReport = {
    command: "orphans",
    dryRun: !removes,
    exitCode: isDone ? EXIT.done : isRefused ? EXIT.refused : EXIT.failedInPart,
    orphans: reports,
    stackCount: ownership.stackCount,
    creditsReturned: creditsReturned(reports),
    problems,
  };
  if (options.json === true) terminal.json(report);
  else {
    const none = noneText(search);
    terminal.result(
      ...orphansText(report, { advice: adviceFor(options), none, nowMs: serverNowMs ?? clock.nowMs() }),
    );
  }
  return report.exitCode;
}

function requireUsage(options: OrphansOptions): void {
  if (options.yes === true && options.remove !== true) throw new UsageError("--yes needs --remove.");
  if (options.yes === true && !namesKeys(options)) {
    throw new UsageError(
      "--remove --yes needs --name-prefix or --fingerprint: a key that no stack of this backend has may still be in use.",
    );
  }
}

function namesKeys({ namePrefix, fingerprint = [] }: OrphansOptions): boolean {
  return namePrefix !== undefined || fingerprint.length > 0;
}

/** The keys of the account and of the stacks. */
interface Search {
  keys: readonly ListedKey[];
  serverNowMs: number | undefined;
  ownership: Ownership;
  /** By fingerprint. */
  labels: ReadonlyMap<string, Labels>;
  options: OrphansOptions;
}

function labelsOf({ fingerprint = "" }: ListedKey, { labels }: Search): Labels | undefined {
  return labels.get(fingerprint);
}

/** The option that excludes a key. */
function exclusionOf(key: ListedKey, search: Search): string | undefined {
  const { options, serverNowMs } = search;
  const { label = {} } = options;
  return (
    excludedBy(key, options, serverNowMs) ?? (hasLabels(labelsOf(key, search), label) ? undefined : "--label")
  );
}

/** Includes keys in the making: their run may have crashed and left them. */
function mayBeOrphan(key: ListedKey, ownership: Ownership): boolean {
  return ownership.claimOn(key)?.kind !== "owned";
}

/** Why keys that `--fingerprint` names are not among the orphans. */
function namedProblems(search: Search): Problem[] {
  const { keys, ownership, options } = search;
  const hidden = keys.filter(({ fingerprint }) => fingerprint === undefined).length;
  return [...new Set(options.fingerprint)].flatMap((wanted): Problem[] => {
    const key = keys.find(({ fingerprint }) => fingerprint === wanted);
    if (key === undefined) {
      const rest = hidden === 0 ? "" : `, and ${counted(hidden, "key")} without the secret`;
      return [
        {
          why: `The account's list shows no key with fingerprint ${wanted}${rest}.`,
          nextStep: "Check the fingerprint, and that the API key is that of the key's account.",
        },
      ];
    }
    const claim = ownership.claimOn(key);
    if (claim?.kind === "owned") return [problemOf(claim)];
    const option = exclusionOf(key, search);
    if (option === undefined) return [];
    return [
      {
        why: `Key ${JSON.stringify(key.wire.name)} (${wanted}) does not match ${option}.`,
        nextStep: `Leave out ${option}, or the fingerprint.`,
      },
    ];
  });
}

function timeProblems({ serverNowMs, options }: Search): Problem[] {
  if (serverNowMs !== undefined) return [];
  const byTime = [
    [options.unusedFor !== undefined, "unused", "--unused-for"],
    [options.expired === true, "expired", "--expired"],
  ] as const;
  return byTime
    .filter(([isGiven]) => isGiven)
    .map(([, what, option]) => ({
      why: `The API's responses have no date, so no key counts as ${what}.`,
      nextStep: `Leave out ${option}, or check any proxy between here and the API.`,
    }));
}

function foreignBackend(stackCount: number, keyCount: number): Problem {
  return {
    why: `No key of the account (${keyCount} in all) is in any of the ${counted(stackCount, "stack")} that were read: this is most likely another backend, or another account. Nothing is removed.`,
    nextStep: "Check PULUMI_BACKEND_URL, `pulumi whoami -v` and the API key, then run the command again.",
  };
}

function interruptedBefore(count: number): Problem {
  return {
    why: `The command was interrupted before ${counted(count, "key")}.`,
    nextStep: INTERRUPTED.nextStep,
  };
}

/** @param isDoubtful whether all keys may be those of stacks. */
function planned(key: ListedKey, search: Search, isDoubtful: boolean): OrphanReport {
  const labels = labelsOf(key, search);
  const claim = search.ownership.claimOn(key);
  if (claim !== undefined) return orphanOf(key, labels, { outcome: "unknown", ...problemOf(claim) });
  return orphanOf(key, labels, { outcome: isDoubtful ? "unknown" : "would-remove" });
}

async function removeAll(
  found: readonly ListedKey[],
  account: AccountView,
  search: Search,
  { changes, stop, terminal }: CommandContext,
): Promise<OrphanReport[]> {
  const { ownership, options } = search;
  const { disabled = false, expired = false, unusedFor } = options;
  const refuseIfUsedWithin = unusedFor === undefined ? undefined : `${Math.ceil(unusedFor / 1_000)}s`;
  const reports: OrphanReport[] = [];
  for (const [at, key] of found.entries()) {
    if (stop.aborted) break;
    if (["hidden", "making"].includes(ownership.claimOn(key)?.kind ?? "")) {
      reports.push(planned(key, search, false));
      continue;
    }
    terminal.progress(`Removing key ${at + 1} of ${found.length}`);
    const requireUnowned = () => ownership.requireUnclaimed(key);
    let latest = key;
    const requireStill = (shown: KeyObject, serverNowMs: number | undefined) => {
      latest = { ...key, wire: merged(key.wire, shown) };
      requireStillSelected(key, options, shown, serverNowMs);
    };
    const labels = labelsOf(key, search);
    const removal = await removeKey(key, account, {
      changes,
      requireUnowned,
      refuseIfUsedWithin,
      requireStill: disabled || expired ? requireStill : undefined,
      labels,
    });
    reports.push(orphanOf(latest, labels, removal));
  }
  return reports;
}

function noneText(search: Search): string {
  const { keys, options, ownership } = search;
  const { namePrefix = "", label } = options;
  if (keys.length === 0) return "The account has no proxy keys.";
  if (keys.every(({ wire }) => !wire.name.startsWith(namePrefix)))
    return `No key of the account has a name that starts with ${JSON.stringify(namePrefix)}.`;
  if (label !== undefined && keys.every((key) => !hasLabels(labelsOf(key, search), label)))
    return `No key of the account has ${labelsText(label)} in the audit log.`;
  const where = counted(ownership.stackCount, "stack");
  const { unusedFor, disabled, expired } = options;
  return unusedFor !== undefined || disabled === true || expired === true
    ? `No orphans: no key that is in none of ${where} meets the conditions.`
    : `No orphans: each matching key of the account is in a stack (${where} read).`;
}

function adviceFor(options: OrphansOptions): string {
  if (options.stacks !== undefined)
    return "Only the stacks of --stacks were read; another stack may have these keys.";
  const missing = namesKeys(options) ? "" : " and --name-prefix or --fingerprint";
  if (options.remove === true) return `Dry run: nothing was changed; add --yes${missing} to remove them.`;
  return `Keys that are used outside of Pulumi, or by a stack of another backend, are listed too. To remove unused ones, add --remove --yes${missing}.`;
}
