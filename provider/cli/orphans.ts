import type { KeyObject } from "../api/wire";
import { formatDuration } from "../api/duration";
import { listKeys, type AccountView, type ListedKey } from "./accounts";
import { creationsFolder } from "../config";
import { keysInTheMaking } from "../lifecycle/creationNotes";
import { knownKeys } from "./backendKeys";
import { accountOf } from "./commandAccount";
import { EXIT, UsageError, type ExitCode } from "./exit";
import { PulumiProject } from "./pulumi/project";
import {
  creditsReturned,
  keyFacts,
  problemLines,
  problemsOf,
  type KeyReport,
  type ReportHead,
} from "./report";
import { removeKey } from "./removeKey";
import { listStacks } from "./stack/repair";
import { stackMatcher } from "./terminal/options";
import { counted, credits, table } from "./terminal/table";
import type { World } from "./world";

export interface OrphansOptions {
  dir: string;
  stack?: string;
  stacks?: readonly string[];
  namePrefix?: string;
  unusedFor?: number;
  remove?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** A key that no stack knows. */
interface OrphanReport extends KeyReport {
  /** ISO 8601. null: not told. */
  createdAt: string | null;
}

interface OrphansReport extends ReportHead {
  orphans: readonly OrphanReport[];
  /** Stacks whose states were read. */
  stackCount: number;
  creditsReturned: number;
}

/** Finds, and removes on demand, the account's keys that no stack of the backend knows. */
export async function orphans(options: OrphansOptions, world: World): Promise<ExitCode> {
  if (options.yes === true && options.remove !== true) throw new UsageError("--yes needs --remove.");
  const { terminal } = world;
  const project = await PulumiProject.open(options.dir, world.changes);
  // Where a damaged state keeps Pulumi from reading them, nothing is known of any stack's keys.
  await listStacks(project, world, { all: true, dryRun: true, mayRestore: () => false });
  const account = await accountOf(options, world, () => Promise.resolve(project));
  const removes = options.remove === true && options.yes === true;
  // The account first: a key that a run makes from now on is not on this list, and one that is has its stack by then.
  terminal.progress("Listing the account's keys");
  const { keys } = await listKeys(account);
  const matches = removes || options.stacks === undefined ? undefined : stackMatcher(options.stacks);
  const fits = filterOf(options, world.clock.nowMs());
  let owners = await ownersOf(project, world, matches);
  const found = keys.filter((key) => fits(key.wire) && isNobodys(key, owners));
  const reports: OrphanReport[] = [];
  for (const [at, key] of found.entries()) {
    if (removes && world.stop.aborted) break;
    if (!removes) {
      reports.push(reportOf(key, "would-remove"));
      continue;
    }
    terminal.progress(`Removing key ${at + 1} of ${found.length}`);
    // The account's limit makes it take long, and somebody may have taken a key into a stack meanwhile.
    if (world.clock.nowMs() - owners.readMs > STALE_MS) owners = await ownersOf(project, world);
    reports.push(
      isNobodys(key, owners) ? await removeOrphan(key, account, options, world) : reportOf(key, "kept"),
    );
  }
  const isWhole = reports.length === found.length && reports.every(({ outcome }) => outcome !== "failed");
  const report: OrphansReport = {
    command: "orphans",
    dryRun: !removes,
    exitCode: isWhole ? EXIT.done : EXIT.failedInPart,
    orphans: reports,
    stackCount: owners.stackCount,
    creditsReturned: creditsReturned(reports),
  };
  if (options.json === true) terminal.json(report);
  else terminal.result(textOf(report, options, world.clock.nowMs()));
  return report.exitCode;
}

function filterOf(
  { namePrefix = "", unusedFor }: OrphansOptions,
  nowMs: number,
): (wire: KeyObject) => boolean {
  return ({ name, last_used: lastUsedUnixS, created_at: createdUnixS }) => {
    if (!name.startsWith(namePrefix)) return false;
    if (unusedFor === undefined) return true;
    // A key that was never used counts from its making; one of which neither is told may be in use.
    const sinceUnixS = lastUsedUnixS ?? (lastUsedUnixS === null ? createdUnixS : undefined);
    return sinceUnixS !== undefined && nowMs - sinceUnixS * 1_000 >= unusedFor;
  };
}

/** Milliseconds after which the states of the stacks are read again. */
const STALE_MS = 30_000;

/** Who has keys, or is making them. */
interface Owners {
  fingerprints: ReadonlySet<string>;
  /** Names of keys in the making, by what the states say. */
  names: ReadonlySet<string>;
  /** Whether a key is in the making, by what this machine knows. */
  isInTheMaking: ReturnType<typeof keysInTheMaking>;
  stackCount: number;
  readMs: number;
}

async function ownersOf(
  project: PulumiProject,
  { clock, environment, terminal }: World,
  matches?: (stack: string) => boolean,
): Promise<Owners> {
  const known = await knownKeys(project, terminal, matches);
  return {
    fingerprints: known.fingerprints(),
    names: known.names(),
    isInTheMaking: keysInTheMaking(creationsFolder(environment), clock.nowMs()),
    stackCount: known.stackCount,
    readMs: clock.nowMs(),
  };
}

function isNobodys(
  { fingerprint, wire }: ListedKey,
  { fingerprints, isInTheMaking, names }: Owners,
): boolean {
  if (fingerprint !== undefined && fingerprints.has(fingerprint)) return false;
  return !names.has(wire.name) && !isInTheMaking({ name: wire.name, fingerprint });
}

/** With `--unused-for` it is looked up once more right before: somebody may have begun to use it. */
async function removeOrphan(
  key: ListedKey,
  account: AccountView,
  { unusedFor }: OrphansOptions,
  { changes }: World,
): Promise<OrphanReport> {
  const within = unusedFor === undefined ? undefined : `${Math.ceil(unusedFor / 1_000)}s`;
  const { outcome, ...why } = await removeKey(key, account, changes, within);
  return { ...reportOf(key, outcome), ...why };
}

function reportOf({ wire, fingerprint }: ListedKey, outcome: KeyReport["outcome"]): OrphanReport {
  const created = wire.created_at === undefined ? undefined : new Date(wire.created_at * 1_000).toISOString();
  return {
    name: wire.name,
    fingerprint: fingerprint ?? "",
    resource: null,
    createdAt: created ?? null,
    ...keyFacts(wire),
    outcome,
  };
}

function textOf(report: OrphansReport, { stacks, remove: wanted }: OrphansOptions, nowMs: number): string {
  const { orphans: keys, dryRun, stackCount } = report;
  const where = `${counted(stackCount, "stack")} of the backend`;
  if (keys.length === 0) return `No orphan: ${where} know every key of the account that fits.`;
  const age = (instant: string | null) =>
    instant === null ? "?" : `${formatDuration(Math.max(0, nowMs - Date.parse(instant)))} ago`;
  const rows = keys.map(({ name, fingerprint, createdAt, lastUsedAt, unusedCredits, outcome }) => [
    name ?? "?",
    fingerprint,
    age(createdAt),
    lastUsedAt === undefined ? "?" : lastUsedAt === null ? "never" : age(lastUsedAt),
    credits(unusedCredits ?? 0),
    ...(dryRun ? [] : [outcome]),
  ]);
  const heading = ["key", "fingerprint", "made", "last use", "unused credits", ...(dryRun ? [] : [""])];
  const lines = [table([heading, ...rows])];
  const problems = problemsOf(keys);
  if (problems.length > 0) lines.push(problemLines(problems));
  if (!dryRun) {
    const removed = keys.filter(({ outcome }) => outcome === "removed").length;
    lines.push(`${counted(removed, "key")} removed, ${credits(report.creditsReturned)} credits returned.`);
    return lines.join("\n");
  }
  const unused = keys.reduce((sum, key) => sum + (key.unusedCredits ?? 0), 0);
  lines.push(
    `${counted(keys.length, "key")} that none of ${where} knows, with ${credits(unused)} unused credits.`,
  );
  if (dryRun && stacks !== undefined)
    lines.push("Only the stacks that --stacks names were looked at; another may know them.");
  lines.push(
    wanted === true
      ? "Dry run: nothing was changed; add --yes to remove them."
      : "To remove them add --remove --yes. A key that is used outside of Pulumi, or by a stack of another backend, is an orphan here too.",
  );
  return lines.join("\n");
}
