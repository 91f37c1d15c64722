import type { Crash, Moment, Scenario } from "./scenario";

/** Describes a scenario in one line. */
export function inWords(scenario: Scenario): string {
  const { verb, keys, latencyMs, rateLimit, parallel, late, torn, cleanupKilledAfter } = scenario;
  const parts = [
    `${verb} of ${keys.length} keys${kindsOfKeys(scenario)}`,
    crashInWords(scenario),
    ...(late ? ["the held request takes effect during the cleanup"] : []),
    ...(torn ? ["the checkpoint's attributes are empty"] : []),
    ...(latencyMs === undefined ? [] : [`responses take ${latencyMs} ms`]),
    ...(rateLimit === undefined ? [] : [`${rateLimit.limit} requests per ${rateLimit.windowMs} ms`]),
    ...(parallel === undefined ? [] : [`${parallel} at once`]),
    ...(cleanupKilledAfter === undefined
      ? []
      : [`the cleanup is killed after ${cleanupKilledAfter} requests and run again`]),
  ];
  return parts.join(", ");
}

function kindsOfKeys({ keys }: Scenario): string {
  const counts = [
    [keys.filter(({ name }) => name !== undefined).length, "named"],
    [keys.filter(({ weekly }) => weekly).length, "weekly"],
    [keys.filter(({ onTeam }) => onTeam).length, "on a second account"],
  ] as const;
  const described = counts.filter(([count]) => count > 0).map(([count, kind]) => `${count} ${kind}`);
  return described.length === 0 ? "" : ` (${described.join(", ")})`;
}

const CRASH_WORDS: Readonly<Record<Exclude<Crash, "cutBefore" | "cutAfter">, string>> = {
  killEngine: "the engine is killed",
  killPlugin: "the plugin is killed",
  killBoth: "engine and plugin are killed",
  interrupt: "Ctrl-C",
  interruptTwice: "Ctrl-C twice",
  fullDisk: "the disk is full",
  unwritableBackend: "the backend is gone",
};

function crashInWords({ crash, moment, cuts, disk }: Scenario): string {
  if (crash === "cutBefore" || crash === "cutAfter") {
    const what = cuts.path ?? "any request";
    const where = crash === "cutBefore" ? "before" : "after";
    const except = cuts.skip === 0 ? "" : `, except the first ${cuts.skip}`;
    return `${cuts.times} connections cut ${where} the effect of ${what}${except}`;
  }
  const scope =
    crash !== "fullDisk"
      ? ""
      : ` (${disk.scope === "everything" ? "caches and home too" : "the state alone"}${disk.contended ? ", contended" : ""})`;
  const then =
    crash !== "fullDisk" && crash !== "unwritableBackend"
      ? ""
      : { wait: "", kill: ", then all are killed", heal: ", until there is space again" }[disk.outcome];
  return `${CRASH_WORDS[crash]}${scope} ${momentInWords(moment)}${then}`;
}

function momentInWords(moment: Moment): string {
  if (moment.kind === "turns") {
    const after = moment.requests === 0 ? "the lock" : `request ${moment.requests}`;
    return `${moment.turns} turns after ${after}`;
  }
  const { path, nth, applied, holdLater } = moment;
  return `while ${path} no. ${nth}${holdLater ? " and later ones wait" : " waits"} ${applied ? "after" : "before"} the effect`;
}
