import { spawn } from "node:child_process";
import * as automation from "@pulumi/pulumi/automation";

/** What a literal `pulumi` command printed. */
export interface CommandOutput {
  stdout: string;
  stderr: string;
}

/** Of the Automation API's command, what its types leave out; its own classes call it throughout. */
export interface Runnable {
  readonly command: string;
  run(
    args: string[],
    cwd: string,
    env: Readonly<Record<string, string | undefined>>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<CommandOutput>;
}

/** What the Automation API makes of a command's end; its types leave them out, too. */
const { CommandResult, createCommandError } = automation as unknown as {
  CommandResult: new (stdout: string, stderr: string, code: number, error?: Error) => CommandOutput;
  createCommandError: (result: CommandOutput) => Error;
};

/**
 * Has the Automation API run the CLI in a process group of its own. A signal to the group of this command (`timeout`, CI, a
 * closed terminal) then does not reach the CLI, which might be in the middle of a change; this command passes it on.
 *
 * Windows has no such groups.
 */
export function separateGroup(command: Runnable): void {
  if (process.platform === "win32") return;
  command.run = (args, cwd, env, onOutput, onError, signal) =>
    new Promise((resolve, reject) => {
      const child = spawn(command.command, nonInteractive(args), {
        cwd,
        env: { ...process.env, ...env, PULUMI_AUTOMATION_API: "true" },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const text = { stdout: "", stderr: "" };
      const collect = (name: "stdout" | "stderr", listener?: (piece: string) => void) =>
        child[name].setEncoding("utf8").on("data", (piece: string) => {
          text[name] += piece;
          listener?.(piece);
        });
      collect("stdout", onOutput);
      collect("stderr", onError);
      const interrupt = () => child.kill("SIGINT");
      signal?.addEventListener("abort", interrupt, { once: true });
      const fail = (how: string, error?: Error) => {
        const said = [`Command ${how}: pulumi ${args.join(" ")}`, text.stderr, text.stdout].join("\n");
        reject(createCommandError(new CommandResult("", said, -2, error)));
      };
      child.once("error", (error) => fail(`failed (${error.message})`, error));
      child.once("close", (code, killedWith) => {
        signal?.removeEventListener("abort", interrupt);
        if (code === 0) resolve(new CommandResult(text.stdout.trimEnd(), text.stderr.trimEnd(), 0));
        else fail(code === null ? `was killed with ${killedWith}` : `failed with exit code ${code}`);
      });
    });
}

/** A question of the CLI would wait for an answer forever. */
function nonInteractive(args: readonly string[]): readonly string[] {
  return args.includes("--non-interactive") ? args : [...args, "--non-interactive"];
}
