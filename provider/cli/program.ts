import { Command, CommanderError, Option } from "commander";
import { packageVersion } from "../config";
import type { ImportOptions } from "./commands/import";
import type { CleanupOptions } from "./commands/cleanup";
import type { DoctorOptions } from "./commands/doctor";
import { EXIT, isRefusal, UsageError, problemOf, type ExitCode, type Problem } from "./problems";
import { fingerprints } from "./cleanup/orphanFilter";
import type { OrphansOptions } from "./commands/orphans";
import type { RecoverOptions } from "./commands/recover";
import type { SimulateOptions } from "./commands/simulate";
import { durationMs, nonEmpty, port, positiveCount, stackPatterns } from "./terminal/options";
import { oneLine } from "./terminal/plainText";
import type { Terminal } from "./terminal/terminal";
import { systemContext, type CommandContext } from "./commandContext";

/** Runs the command line and sets the process's exit code. Never throws. */
export async function runCommandLine(
  args: readonly string[],
  world: CommandContext = systemContext(),
): Promise<void> {
  process.exitCode = await exitCodeOf(args, world);
  await world.close();
}

async function exitCodeOf(args: readonly string[], world: CommandContext): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = programOf(world, (code) => (exitCode = code));
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return failed(error, args, world);
    return error.exitCode === 0 ? EXIT.done : misused(error, args, world);
  } finally {
    world.terminal.end();
  }
}

/** Says why the whole command failed. */
function failed(error: unknown, args: readonly string[], { changes, terminal }: CommandContext): ExitCode {
  const problem = problemOf(error);
  terminal.note(`${problem.why}\n${problem.nextStep}`);
  const isUsage = error instanceof UsageError;
  const isRefused = isRefusal(error) && changes.count === 0;
  return reported(
    isUsage ? EXIT.usage : isRefused ? EXIT.refused : EXIT.failedInPart,
    problem,
    args,
    terminal,
  );
}

/** Commander has said it on stderr already. */
function misused(
  { code, message }: CommanderError,
  args: readonly string[],
  { terminal }: CommandContext,
): ExitCode {
  const why = code === "commander.help" ? "No command is named." : oneLine(message.replace(/^error: /, ""));
  return reported(EXIT.usage, problemOf(new UsageError(why)), args, terminal);
}

/** Reports to programs as well. */
function reported(
  exitCode: ExitCode,
  problem: Problem,
  args: readonly string[],
  terminal: Terminal,
): ExitCode {
  if (args.includes("--json")) {
    const command = args[0]?.startsWith("-") === false ? args[0] : null;
    terminal.json({ command, exitCode, problems: [problem] });
  }
  return exitCode;
}

const EXIT_CODES = `
Exit codes:
  0  done, or shown by a dry run
  1  failed in part: what could be done is done, the output says what is left
  2  wrong usage; nothing was done
  3  refused: nothing was done, and the message says what to do about it`;

const DEFAULT_SETTLE_MS = 15_000;

function programOf(world: CommandContext, done: (code: ExitCode) => void): Command {
  const program = new Command("pulumi-electronhub")
    .description("Looks after the Electron Hub proxy keys of Pulumi stacks.")
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError("(add --help for the options and examples)")
    .configureHelp({ helpWidth: 100 })
    .configureOutput({ writeErr: (text) => world.terminal.note(text.trimEnd()) })
    .addHelpText("after", EXIT_CODES);
  const action =
    // Loaded only where it is needed: Pulumi's SDK alone takes half a second.
    <Options>(load: () => Promise<(options: Options, world: CommandContext) => Promise<ExitCode>>) =>
      async (options: Options) => {
        const run = await load();
        done(await run(options, world));
      };

  program
    .command("cleanup")
    .description("Destroys every matching stack of the project, what crashed runs have left included.")
    .addOption(dirOption())
    .option(
      "--stack <glob...>",
      "stacks by name: * stands for any characters, ? for one, [a-z] for one of these (default: all)",
      stackPatterns,
    )
    .option("--except <glob...>", "stacks that are left alone; each of them has to exist", stackPatterns)
    .option("--older-than <duration>", "only stacks whose last update is longer ago, such as 7d", durationMs)
    .option("--remove-stack", "remove each stack as well, once nothing is left of it")
    .option("--yes", "do it (default: a dry run that shows what would be done)")
    .addOption(jsonOption())
    .addOption(settleOption())
    .addOption(breakLocksOption())
    .addHelpText(
      "after",
      `
Examples:
  $ pulumi-electronhub cleanup                                        what would be removed
  $ pulumi-electronhub cleanup --stack 'pr-*' --older-than 7d --yes   stacks of old pull requests
  $ pulumi-electronhub cleanup --stack pr-42 --remove-stack --yes     one stack, and the stack itself
${EXIT_CODES}`,
    )
    .action(action<CleanupOptions>(async () => (await import("./commands/cleanup.js")).cleanup));

  program
    .command("recover")
    .description(
      "Removes keys that crashed runs of a stack have left, and clears the interrupted creations from its state.",
    )
    .addOption(dirOption())
    .option("--stack <name>", "the stack (default: the one that is selected)")
    .option("--dry-run", "only show them")
    .addOption(jsonOption())
    .addOption(settleOption())
    .addOption(breakLocksOption())
    .addHelpText(
      "after",
      `
Examples:
  $ pulumi-electronhub recover --stack pr-42 --dry-run
  $ pulumi-electronhub recover --stack pr-42
${EXIT_CODES}`,
    )
    .action(action<RecoverOptions>(async () => (await import("./commands/recover.js")).recover));

  program
    .command("orphans")
    .description("Shows the account's keys that no stack of the backend knows, and removes them on demand.")
    .addOption(dirOption())
    .addOption(accountOption())
    .option(
      "--stacks <glob...>",
      "look into these stacks only; --remove always looks into all",
      stackPatterns,
    )
    .option("--name-prefix <prefix>", "only keys whose name begins so")
    .option("--fingerprint <fingerprint...>", "only keys with these fingerprints (pk-…)", fingerprints)
    .option("--unused-for <duration>", "only keys that nobody has used for as long, such as 30d", durationMs)
    .option("--remove", "remove them; with --yes it needs --name-prefix or --fingerprint")
    .option("--yes", "with --remove: do it (default: a dry run)")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  $ pulumi-electronhub orphans
  $ pulumi-electronhub orphans --name-prefix ci- --unused-for 30d --remove --yes
${EXIT_CODES}`,
    )
    .action(action<OrphansOptions>(async () => (await import("./commands/orphans.js")).orphans));

  program
    .command("adopt")
    .description(
      "Writes what brings keys that exist into a stack: a file for `pulumi import`, and the program.",
    )
    .addOption(dirOption())
    .addOption(accountOption())
    .option("--name-prefix <prefix>", "only keys whose name begins so")
    .addOption(
      new Option("--budget-window <window>", "the window of their budgets, which the API never tells")
        .choices(["daily", "weekly", "monthly"])
        .default("daily"),
    )
    .option(
      "--out <file>",
      "the import file; it holds the keys in clear, and is readable for you only",
      "keys.json",
    )
    .option("--program <file>", "the TypeScript that declares the keys", "keys.ts")
    .option("--force", "replace files that exist")
    .addHelpText(
      "after",
      `
Examples:
  $ pulumi-electronhub adopt --name-prefix team-
  $ pulumi import --file keys.json --generate-code=false --protect=false && rm keys.json
${EXIT_CODES}`,
    )
    .action(action<ImportOptions>(async () => (await import("./commands/import.js")).importKeys));

  program
    .command("doctor")
    .description("Checks the credentials, the account and this machine, and says what to mend.")
    .addOption(dirOption())
    .addOption(accountOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  $ pulumi-electronhub doctor
  $ pulumi-electronhub doctor --stack prod --json
${EXIT_CODES}`,
    )
    .action(action<DoctorOptions>(async () => (await import("./commands/doctor.js")).doctor));

  program
    .command("simulate")
    .description(
      "Runs a simulator of the Electron Hub API on this machine, to try stacks without an account.",
    )
    .option("--port <port>", "where it listens, on 127.0.0.1 only (default: any free port)", port, 0)
    .option("--limit <rate>", "requests that an account may send, such as 10/60s (default: no limit)")
    .option("--accounts <count>", "how many accounts it has", positiveCount, 1)
    .addHelpText(
      "after",
      `
Examples:
  $ pulumi-electronhub simulate
  $ pulumi-electronhub simulate --port 8787 --limit 10/60s --accounts 2
${EXIT_CODES}`,
    )
    .action(action<SimulateOptions>(async () => (await import("./commands/simulate.js")).simulate));

  for (const { options } of program.commands) options.forEach(refuseEmpty);
  return program;
}

/** Refuses an empty value, whatever the option is. No command takes arguments. */
function refuseEmpty(option: Option): void {
  if (option.isBoolean()) return;
  const { parseArg: parse } = option;
  option.argParser((text: string, earlier: unknown) => {
    const value = nonEmpty(text);
    return parse === undefined ? value : parse(value, earlier);
  });
}

function dirOption(): Option {
  return new Option("--dir <folder>", "the folder of the program, with its Pulumi.yaml").default(
    ".",
    "this folder",
  );
}

function accountOption(): Option {
  return new Option(
    "--stack <name>",
    "the stack whose configuration the environment completes, as in `pulumi up` (default: the selected stack)",
  );
}

function jsonOption(): Option {
  return new Option("--json", "print a report for programs on stdout");
}

function settleOption(): Option {
  return new Option(
    "--settle <duration>",
    "how long a request of a run that has just crashed may still take effect",
  )
    .argParser(durationMs)
    .default(DEFAULT_SETTLE_MS, "15s");
}

function breakLocksOption(): Option {
  return new Option(
    "--break-locks-older-than <duration>",
    "break a stack's locks if all are older, such as 10m: longer than any run takes (default: never)",
  ).argParser(durationMs);
}
