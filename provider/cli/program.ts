import { Command, CommanderError } from "commander";
import { packageVersion } from "../config";
import { failed, withoutArguments } from "./commandFailure";
import { EXIT, type ExitCode } from "./problems";
import { refuseKeysIn } from "./revoking/leakedKeys";
import { addSubcommands, type AddCommand } from "./subcommands";
import type { Paragraph } from "./terminal/layout";
import { refuseEmpty } from "./terminal/options";
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
    if (args.includes("revoke")) refuseKeysIn(args);
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander ends --help and --version with an error, too.
    return error instanceof CommanderError && error.exitCode === 0 ? EXIT.done : failed(error, args, world);
  } finally {
    world.terminal.end();
  }
}

const EXIT_CODES = [
  "0  done, or shown by a dry run",
  "1  failed in part: the output lists what is left",
  "2  wrong usage, nothing was done",
  "3  refused, nothing was done: the message has the next step",
];

function exitCodeLine(line: string): Paragraph {
  const code = line.slice(0, 3);
  return { head: `  ${code}`, text: line.slice(code.length) };
}

function programOf(world: CommandContext, done: (code: ExitCode) => void): Command {
  const { terminal } = world;
  const program = new Command("pulumi-electronhub")
    .description("Cleans up and checks the Electron Hub proxy keys of Pulumi stacks.")
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError("(add --help for the options and examples)")
    .configureHelp({ helpWidth: terminal.helpColumns, styleTitle: (title) => terminal.title(title) })
    .configureOutput({
      writeOut: (text) => terminal.help(text),
      writeErr: (text) => terminal.note(withoutArguments(text.trimEnd())),
      // The terminal decides on colours.
      getOutHasColors: () => true,
    })
    .addHelpText("after", terminal.helpSection("Exit codes:", EXIT_CODES.map(exitCodeLine)));

  const command: AddCommand = (name, description, load, examples, exitCodes = EXIT_CODES) =>
    program
      .command(name)
      .description(description)
      .addHelpText(
        "after",
        terminal.helpSection(
          "Examples:",
          examples.map((example) => ({ copy: `  $ ${example}` })),
        ),
      )
      .addHelpText("after", terminal.helpSection("Exit codes:", exitCodes.map(exitCodeLine)))
      .action(async (...given: unknown[]) => {
        // Commander passes the arguments, the options and the command.
        const words = given.slice(0, -2).filter((word) => typeof word === "string");
        const run = await load();
        done(await run(given.at(-2) as never, world, words));
      });

  addSubcommands(command, (title, blocks) => terminal.helpSection(title, blocks));
  for (const { options } of program.commands) options.forEach(refuseEmpty);
  return program;
}
