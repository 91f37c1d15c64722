import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { CommandResult } from "../support/command";
import { missingTerminal } from "../support/pseudoTerminal";
import { useDoctor } from "./doctorFixture";
import { runCli } from "./runCli";

const doctor = useDoctor();

/** Runs `doctor`, which finds something of each kind. */
async function run(env: NodeJS.ProcessEnv, columns?: number): Promise<CommandResult> {
  const { folders, env: ofProject } = doctor.project;
  const account = doctor.account({ ELECTRONHUB_BASE_URL: new URL("/", doctor.simulator.baseUrl).href });
  return runCli(["doctor"], {
    cwd: folders.work,
    // In CI, Node colours for few services only.
    env: { ...ofProject, ...account, NO_COLOR: undefined, CI: undefined, ...env },
    columns,
  });
}

const PROGRESS = "Listing the account's keys";

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

describe("a report", () => {
  it("in a pipe is plain lines, one for each finding and each next step", async () => {
    await doctor.use();
    const { stdout, stderr, exitCode } = await run({});
    expect(exitCode).toBe(1);
    expect(stdout + stderr).not.toContain("\u001B");
    expect(stdout).toMatch(
      /^error {4}Base URL {8}.* \(HTTP 404: "Not Found"\)\.\n {25}Check that electronhub:baseUrl has its path, such as \/v1, .*\.\n/m,
    );
    expect(stderr).toContain(`${PROGRESS}\n`);
    const coloured = await run({ FORCE_COLOR: "1" });
    expect(coloured.stdout).toContain("\u001B[31merror\u001B[39m");
    expect(stripVTControlCharacters(coloured.stdout)).toBe(stdout);
  });

  it.skipIf(missingTerminal)(
    `on a terminal is wrapped at words, and coloured${missingTerminal ? ` (skipped: ${missingTerminal})` : ""}`,
    async () => {
      await doctor.use();
      const piped = await run({});
      const { stdout, exitCode } = await run({ TERM: "xterm-256color" }, 80);
      expect(exitCode).toBe(1);
      expect(stdout).toContain("\u001B[31merror\u001B[39m");
      // Progress is overwritten.
      expect(stdout).toContain("\u001B[1G\u001B[2K");
      const text = stripVTControlCharacters(stdout).replace(PROGRESS, "");
      // Only a path may be longer than the line.
      const long = text.split("\r\n").filter((line) => line.length > 80);
      expect(long.filter((line) => line.slice(25).includes(" "))).toEqual([]);
      expect(wordsOf(text)).toEqual(wordsOf(piped.stdout));
      const withoutColours = await run({ TERM: "xterm-256color", NO_COLOR: "1" }, 80);
      const dumb = await run({ TERM: "dumb" }, 80);
      expect(withoutColours.stdout).not.toContain("\u001B[3");
      expect(dumb.stdout).not.toContain("\u001B");
      expect(dumb.stdout.replace(`${PROGRESS}\r\n`, "")).toBe(text);
    },
  );
});
