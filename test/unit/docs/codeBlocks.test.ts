import { spawnSync } from "node:child_process";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { addSubcommands } from "../../../provider/cli/subcommands";
import { codeBlocks, readmes, readmeText, type CodeBlock } from "../../support/codeBlocks";

/** The READMEs' code that is not TypeScript; a test of the package type-checks that. */

const LANGUAGES = ["ts", "sh", "yaml", "python", "go", "text", "mermaid"];

const cases = (language: string) =>
  codeBlocks(language).map((block): [string, CodeBlock] => [`${block.readme}:${block.line}`, block]);

it("is in a language that a test reads", () => {
  const fences = readmes()
    .map(readmeText)
    .join("\n")
    .matchAll(/^ *```(.*)$/gm);
  const words = [...fences].map(([, word = ""]) => word).filter((_, at) => at % 2 === 0);
  expect(words.length).toBeGreaterThan(30);
  const read = LANGUAGES.flatMap((language) => codeBlocks(language).map(() => language));
  expect(words.toSorted()).toEqual(read.toSorted());
});

it.each(cases("yaml"))("YAML parses: %s", (_, { code }) => {
  const documents = parseAllDocuments(code);
  expect(documents).toHaveLength(1);
  const [{ errors, warnings } = { errors: ["none"], warnings: [] }] = [...documents];
  expect([errors, warnings]).toEqual([[], []]);
});

// On Windows, `bash` may be that of an empty Linux.
it.skipIf(process.platform === "win32").each(cases("sh"))("bash reads: %s", (_, { code }) => {
  const { status, stderr } = spawnSync("bash", ["-n"], { input: code, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

it.each(["python", "go"])("programs in %s stand where the plugin's tests run them", (language) => {
  const others = codeBlocks(language).filter(({ readme }) => readme !== "examples/languages/README.md");
  expect(others).toEqual([]);
});

describe("the command of the package exists, with its options", () => {
  const commands = [...new Set(readmes().flatMap((readme) => commandsIn(readmeText(readme))))];

  it("in the READMEs", () => {
    const used = new Set(commands.map((command) => command.split(" ")[0]));
    const published = program(() => {}).commands.map((command) => command.name());
    expect(published.filter((name) => !used.has(name))).toEqual([]);
  });

  it.each(commands)("pulumi-electronhub %s", async (command) => {
    const run: string[] = [];
    await program((name) => run.push(name)).parseAsync(wordsOf(command), { from: "user" });
    expect(run).toEqual([command.split(" ")[0]]);
  });
});

/** The command's own parser, whose commands do nothing. */
function program(run: (name: string) => void): Command {
  const parser = new Command("pulumi-electronhub").exitOverride().configureOutput({ writeErr: () => {} });
  addSubcommands(
    (name) => {
      const command = parser.command(name).exitOverride().allowExcessArguments(false);
      return command.action(() => run(name));
    },
    () => "",
  );
  return parser;
}

/** What follows `npx pulumi-electronhub` in blocks and in the text, up to a comment, a pipe or a redirection. */
function commandsIn(markdown: string): string[] {
  const joined = markdown.replaceAll("\\\n", "");
  return [...joined.matchAll(/\bnpx pulumi-electronhub ([^\n`#<>|;&)]+)/g)].map(([, words = ""]) =>
    words.trim(),
  );
}

/** As a shell would split them. */
function wordsOf(command: string): string[] {
  const words = command.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  return words.map((word) => word.replace(/^(['"])(.*)\1$/, "$2").replace("$HASH", "0".repeat(64)));
}
