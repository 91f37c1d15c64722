import { stripVTControlCharacters } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { UnauthorizedError } from "../../../provider/api/errors";
import type { Accounts } from "../../../provider/cli/account/accounts";
import { Refusal } from "../../../provider/cli/problems";
import { runCommandLine } from "../../../provider/cli/program";
import type { CommandContext } from "../../../provider/cli/commandContext";
import { recordedTerminal } from "../../support/recordedTerminal";
import { VirtualClock } from "../../support/virtualClock";

afterEach(() => {
  process.exitCode = undefined;
});

/** Runs the command line in this process. @param fail what happens as soon as the account is asked for. */
async function run(
  args: readonly string[],
  fail: (world: CommandContext) => never = unreachable,
  { terminal, written } = recordedTerminal(),
  signal = new AbortController().signal,
) {
  const world: CommandContext = {
    terminal,
    accounts: { forSettings: () => fail(world) } as unknown as Accounts,
    clock: new VirtualClock(),
    random: () => 0,
    environment: {},
    stdin: { kind: "other", read: () => Promise.resolve("") },
    commandLine: [],
    stop: signal,
    hurry: signal,
    changes: { count: 0 },
    close: () => Promise.resolve(),
  };
  await runCommandLine(args, world);
  return { exitCode: process.exitCode, ...written };
}

const COMMANDS = ["audit", "cleanup", "doctor", "import", "orphans", "recover", "revoke", "simulate"];

describe("help", () => {
  const help = async (command: string | undefined, columns?: number): Promise<string> => {
    const { exitCode, out } = await run(
      [...(command === undefined ? [] : [command]), "--help"],
      undefined,
      recordedTerminal({ columns }),
    );
    expect(exitCode).toBe(0);
    return stripVTControlCharacters(out);
  };

  it.each([undefined, ...COMMANDS])(
    "of %s fits into 80 columns, with each word in one piece",
    async (command) => {
      const [narrow, wide, piped] = await Promise.all([help(command, 80), help(command, 200), help(command)]);
      for (const line of narrow.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
      expect(narrow.split(/\s+/)).toEqual(wide.split(/\s+/));
      expect(piped).toBe(narrow);
      // Examples are to be copied.
      expect(narrow.match(/^ +\$ .*$/gm)).toEqual(wide.match(/^ +\$ .*$/gm));
    },
  );

  it("of the command names each of the commands", async () => {
    const text = await help(undefined);
    for (const command of COMMANDS) expect(text).toMatch(new RegExp(`^ {2}${command} `, "m"));
  });
});

it("the settings that `simulate` prints can be copied from a terminal of any width", async () => {
  const commands = async (columns?: number): Promise<string[]> => {
    const { exitCode, out } = await run(
      ["simulate", "--accounts", "2"],
      undefined,
      recordedTerminal({ columns }),
      AbortSignal.abort(),
    );
    expect(exitCode).toBe(0);
    const lines = out.split("\n").filter((line) => /^ *(?:export|pulumi) /.test(line));
    return lines.map((line) => line.replace(/ek-[0-9a-f]+/, "KEY").replace(/:\d+/, ":PORT"));
  };
  expect(await commands(30)).toEqual(await commands());
  expect((await commands(30)).join("\n")).toMatch(/KEY/);
});

function unreachable(): never {
  throw new Error("The account is asked for.");
}

describe("a wrong command line", () => {
  const OPTIONS = [
    [
      "cleanup",
      "--dir",
      "--stack",
      "--except",
      "--older-than",
      "--label",
      "--settle",
      "--break-locks-older-than",
    ],
    ["recover", "--dir", "--stack", "--settle", "--break-locks-older-than"],
    ["orphans", "--dir", "--stack", "--stacks", "--name-prefix", "--unused-for", "--label"],
    ["audit", "--label", "--fingerprint", "--contains"],
    ["revoke", "--dir", "--name-prefix", "--stack"],
    ["import", "--dir", "--stack", "--name-prefix", "--budget-window", "--out", "--program"],
    ["doctor", "--dir", "--stack"],
    ["simulate", "--port", "--limit", "--accounts"],
  ].flatMap(([command = "", ...options]) => options.map((option) => [command, option] as const));

  it.each(OPTIONS)("is %s with an empty value of %s", async (command, option) => {
    for (const args of [[`${option}=`], [option, ""], [option, " \t\u00A0"]]) {
      const { exitCode, out, err } = await run([command, ...args]);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
      expect(err).toContain(`'${option} <`);
    }
  });

  it.each([["cleanup", "--stack", "*"], ["recover"], ["orphans", "--remove", "--name-prefix", "ci-"]])(
    "is a dry run of %s that is a real one as well",
    async (...args) => {
      expect(await run([...args, "--yes", "--dry-run"])).toMatchObject({ exitCode: 2, out: "" });
    },
  );

  it.each(["[!a]", "[^a]", "[", "a/b/c/d", "/prod", "prod/"])("is one with the pattern %j", async (glob) => {
    for (const args of [
      ["cleanup", "--stack"],
      ["cleanup", "--except"],
      ["orphans", "--stacks"],
    ])
      expect(await run([...args, glob])).toMatchObject({ exitCode: 2, out: "" });
  });

  it("is shown without what could steer a terminal", async () => {
    const { err } = await run(["cleanup", "--stack", "[\u001B[31m\u202Ex"]);
    expect(err).toContain("argument '[x' is invalid");
  });
});

describe("a command that fails", () => {
  const args = ["import", "--dir", "/", "--out", "/nowhere/a", "--program", "/nowhere/b.ts"];
  const refusal = () => new UnauthorizedError({ why: "The key is unknown.", nextStep: "Set another." });

  it("before anything was changed is refused", async () => {
    const refused = await run(args, () => {
      throw refusal();
    });
    expect(refused).toMatchObject({ exitCode: 3, err: "The key is unknown.\nSet another.\n" });
  });

  it("shows commands to copy as single lines, however narrow the terminal", async () => {
    const command = `mv ${"/a/long/folder".repeat(9)}/state.json /a/state.json && rm -f /a/state.json.attrs`;
    const { err } = await run(
      args,
      () => {
        throw new Refusal({
          why: "A file of the backend is truncated.",
          nextStep: "Run:",
          commands: [command],
        });
      },
      recordedTerminal({ columns: 40 }),
    );
    expect(err).toContain(`\nRun:\n  ${command}\n`);
  });

  it("after something was changed has failed in part", async () => {
    const { exitCode } = await run(args, ({ changes }) => {
      changes.count++;
      throw refusal();
    });
    expect(exitCode).toBe(1);
  });

  it("by a defect has failed in part, since it is not known what was begun", async () => {
    const { exitCode, err } = await run(args, () => {
      throw new TypeError("x is not a function");
    });
    expect(exitCode).toBe(1);
    expect(err).toContain("please report it");
  });
});
