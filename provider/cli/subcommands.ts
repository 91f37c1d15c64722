import { Option, type Command } from "commander";
import { SETTINGS } from "../config";
import { fingerprints } from "./cleanup/orphanFilter";
import type { CommandContext } from "./commandContext";
import type { ExitCode } from "./problems";
import type { Block } from "./terminal/layout";
import {
  accountOption,
  breakLocksOption,
  dirOption,
  dryRunOption,
  durationMs,
  jsonOption,
  labels,
  lineHash,
  port,
  positiveCount,
  rate,
  settleOption,
  stackPatterns,
} from "./terminal/options";

/**
 * Adds a subcommand.
 *
 * @param load loads only the chosen command: Pulumi's SDK alone takes half a second.
 * @param exitCodes default: those of every command that changes something.
 */
export type AddCommand = (
  name: string,
  description: string,
  load: () => Promise<(options: never, world: CommandContext, words: readonly string[]) => Promise<ExitCode>>,
  examples: readonly string[],
  exitCodes?: readonly string[],
) => Command;

/** Writes a part of a help text. */
type HelpSection = (title: string, blocks: readonly Block[]) => string;

/** The subcommands, with their options, in the order of the help. */
export function addSubcommands(command: AddCommand, section: HelpSection): void {
  command(
    "cleanup",
    "Destroys all matching stacks of the project, including keys left behind by crashed runs.",
    async () => (await import("./commands/cleanup.js")).cleanup,
    [
      "pulumi-electronhub cleanup",
      "pulumi-electronhub cleanup --stack 'pr-*' --older-than 7d --yes",
      "pulumi-electronhub cleanup --stack pr-42 --remove-stack --yes",
      "pulumi-electronhub cleanup --stack '*' --label owner=team-a --yes",
    ],
  )
    .addOption(dirOption())
    .option(
      "--stack <glob...>",
      "stacks by name: * for any characters, ? for one, [a-z] for one of these (default of a dry run: all)",
      stackPatterns,
    )
    .option(
      "--include-production",
      "let wildcards also match stacks named prod*, production, live or main (default: only exact names do)",
    )
    .option("--except <glob...>", "stacks to leave alone; each pattern must match a stack", stackPatterns)
    .option(
      "--older-than <duration>",
      "only stacks not updated for at least this long, such as 7d",
      durationMs,
    )
    .option(
      "--label <name=value>",
      "only stacks whose keys all have this label; repeat it for several",
      labels,
    )
    .option("--remove-stack", "also remove each stack once nothing is left in it")
    .option("--yes", "really destroy; needs --stack (default: a dry run that shows what would be removed)")
    .addOption(dryRunOption())
    .addOption(jsonOption())
    .addOption(settleOption())
    .addOption(breakLocksOption());

  command(
    "recover",
    "Removes keys left behind by crashed runs of a stack, and clears their pending creations.",
    async () => (await import("./commands/recover.js")).recover,
    ["pulumi-electronhub recover --stack prod", "pulumi-electronhub recover --stack prod --yes"],
  )
    .addOption(dirOption())
    .option("--stack <name>", "the stack (default: the selected stack)")
    .option("--yes", "really remove and clear (default: a dry run that shows the keys)")
    .addOption(dryRunOption())
    .addOption(jsonOption())
    .addOption(settleOption())
    .addOption(breakLocksOption());

  command(
    "orphans",
    "Lists keys of the account that are in no stack of the backend, and can remove them.",
    async () => (await import("./commands/orphans.js")).orphans,
    [
      "pulumi-electronhub orphans",
      "pulumi-electronhub orphans --name-prefix ci- --unused-for 30d --remove --yes",
      "pulumi-electronhub orphans --name-prefix ci- --disabled --remove --yes",
    ],
  )
    .addOption(dirOption())
    .addOption(accountOption())
    .option("--stacks <glob...>", "read only these stacks; --remove always reads all", stackPatterns)
    .option("--name-prefix <prefix>", "only keys whose name starts with this prefix")
    .option("--fingerprint <fingerprint...>", "only keys with these fingerprints (pk-…)", fingerprints)
    .option(
      "--label <name=value>",
      "only keys with this label in the audit log; repeat it for several",
      labels,
    )
    .option("--unused-for <duration>", "only keys not used for at least this long, such as 30d", durationMs)
    .option("--disabled", "only keys that are disabled")
    .option("--expired", "only keys whose expiry has passed")
    .option("--remove", "remove them; with --yes this needs --name-prefix or --fingerprint")
    .option("--yes", "with --remove: really remove (default: a dry run)")
    .addOption(dryRunOption())
    .addOption(jsonOption());

  command(
    "revoke",
    "Disables leaked keys at once, verifies that, and removes them, with proof.",
    async () => (await import("./commands/revoke.js")).revoke,
    [
      "pulumi-electronhub revoke < leaked-keys.txt",
      "pbpaste | pulumi-electronhub revoke --yes",
      "pulumi-electronhub revoke --fingerprint pk-0123456789abcdef --yes",
      "pulumi-electronhub revoke --stack 'pr-*' --label owner=team-a --yes",
    ],
  )
    .addHelpText(
      "after",
      section(
        "Which keys:",
        SELECTION.map((text) => ({ head: "  ", text })),
      ),
    )
    .addOption(dirOption())
    .option("--fingerprint <fingerprint...>", "the keys with these fingerprints (pk-…)", fingerprints)
    .option("--name-prefix <prefix>", "the keys whose name starts with this prefix")
    .option("--label <name=value>", "the keys with this label in a state; repeat it for several", labels)
    .option(
      "--stack <glob...>",
      "the keys that these stacks have: of this project, or organization/project/stack",
      stackPatterns,
    )
    .option("--disable-only", "disable the keys, and do not remove them")
    .option("--yes", "really revoke (default: a dry run that shows the keys, and who has them)")
    .addOption(dryRunOption())
    .addOption(jsonOption());

  command(
    "import",
    "Generates a `pulumi import` file and TypeScript code for keys that no stack of the backend has.",
    async () => (await import("./commands/import.js")).importKeys,
    [
      "pulumi-electronhub import --name-prefix team-",
      "pulumi-electronhub import --stack prod --out keys.json --program src/keys.ts",
    ],
    [
      "0  done",
      "1  failed",
      "2  wrong usage",
      "3  refused, nothing was written: the message has the next step",
    ],
  )
    .addOption(dirOption())
    .addOption(accountOption())
    .option("--name-prefix <prefix>", "only keys whose name starts with this prefix")
    .addOption(
      new Option("--budget-window <window>", "the window of their budgets, which the API does not return")
        .choices(["daily", "weekly", "monthly"])
        .default("daily"),
    )
    .option(
      "--out <file>",
      "the import file; contains the keys in clear, readable only by you",
      "pulumi-import.json",
    )
    .option("--program <file>", "the TypeScript that declares the keys", "importedKeys.ts")
    .option("--force", "replace existing files");

  command(
    "audit",
    "Shows an audit log, or verifies that its lines are those that were written.",
    async () => (await import("./commands/audit.js")).audit,
    [
      "pulumi-electronhub audit --label owner=team-a audit.jsonl",
      "pulumi-electronhub audit --verify audit.jsonl --contains $HASH_OF_YESTERDAY",
    ],
    [
      "0  done; with --verify: intact",
      "1  some lines cannot be read; with --verify: not intact",
      "2  wrong usage",
    ],
  )
    .argument("[file]", `the audit log (default: ${SETTINGS.auditLog})`)
    .option("--label <name=value>", "only lines with this label; repeat it for several", labels)
    .option("--fingerprint <pk-…>", "only lines about this key; repeat it for several", fingerprints)
    .addOption(
      new Option(
        "--verify",
        "report missing, inserted, reordered, changed and incomplete lines; to notice a change of the last line, add --contains",
      ).conflicts(["label", "fingerprint"]),
    )
    .option(
      "--contains <hash>",
      "with --verify: a hash that an earlier --verify printed, to notice lines cut off at the end",
      lineHash,
    )
    .option("--json", "print each line as JSON; with --verify: print the report as JSON");

  command(
    "doctor",
    "Checks credentials, account and machine, and suggests fixes.",
    async () => (await import("./commands/doctor.js")).doctor,
    ["pulumi-electronhub doctor", "pulumi-electronhub doctor --stack prod --json"],
    ["0  no errors", "1  at least one error", "2  wrong usage"],
  )
    .addOption(dirOption())
    .addOption(accountOption())
    .addOption(jsonOption());

  command(
    "simulate",
    "Runs a simulator of the Electron Hub API on this machine, to try stacks without an account.",
    async () => (await import("./commands/simulate.js")).simulate,
    ["pulumi-electronhub simulate", "pulumi-electronhub simulate --port 8787 --limit 10/60s --accounts 2"],
    ["0  stopped by a signal", "2  wrong usage", "3  the port cannot be used"],
  )
    .addOption(
      new Option("--port <port>", "the port on 127.0.0.1").argParser(port).default(0, "any free port"),
    )
    .option(
      "--limit <rate>",
      "how many requests an account may send, such as 10/60s (default: no limit)",
      rate,
    )
    .option("--accounts <count>", "the number of accounts", positiveCount, 1);
}

const SELECTION = [
  "Without --fingerprint, --name-prefix, --label and --stack, stdin has whole keys, one per line. A key must never be an argument: the shell's history would have it.",
  "--fingerprint names keys. --name-prefix, --label and --stack select those keys of the account that fit all of them. The two kinds cannot be combined.",
];
