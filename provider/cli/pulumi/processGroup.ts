import { spawn, type ChildProcess } from "node:child_process";
import * as commands from "@pulumi/pulumi/automation/cmd";
import * as errors from "@pulumi/pulumi/automation/errors";

/** The output of a `pulumi` command. */
export interface CommandOutput {
  stdout: string;
  stderr: string;
}

/** Members of the Automation API's `PulumiCommand` that its types leave out. The API's own classes call them. */
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

/** Exports that the types of the Automation API leave out, too. */
const { CommandResult } = commands as unknown as {
  CommandResult: new (stdout: string, stderr: string, code: number, error?: Error) => CommandOutput;
};
const { createCommandError } = errors as unknown as {
  createCommandError: (result: CommandOutput) => Error;
};

/** Processes of the CLI in a group of their own. */
const running = new Set<ChildProcess>();

let isEnded = false;

/**
 * Ends the CLI's processes that do not answer, and starts no other, so that this process can end. Only for commands that change
 * no backend.
 */
export function endUnanswered(): void {
  isEnded = true;
  for (const { pid } of running) {
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {}
  }
}

/**
 * Makes the Automation API run the CLI in its own process group. A signal to this command's group (`timeout`, CI, a closed
 * terminal) then does not reach the CLI, which may be in the middle of a change; this command passes the signal on. Does
 * nothing on Windows, which has no process groups.
 */
export function separateGroup(command: Runnable): void {
  if (process.platform === "win32") return;
  command.run = (args, cwd, env, onOutput, onError, signal) =>
    new Promise((resolve, reject) => {
      if (isEnded) throw new Error(`pulumi ${args.join(" ")} was not started.`);
      const child = spawn(command.command, nonInteractive(args), {
        cwd,
        env: { ...process.env, ...env, PULUMI_AUTOMATION_API: "true" },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      running.add(child);
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
        const message = [`Command ${how}: pulumi ${args.join(" ")}`, text.stderr, text.stdout].join("\n");
        reject(createCommandError(new CommandResult("", message, -2, error)));
      };
      child.once("error", (error) => {
        running.delete(child);
        fail(`failed (${error.message})`, error);
      });
      child.once("close", (code, killedWith) => {
        signal?.removeEventListener("abort", interrupt);
        running.delete(child);
        if (code === 0) resolve(new CommandResult(text.stdout.trimEnd(), text.stderr.trimEnd(), 0));
        else fail(code === null ? `was killed with ${killedWith}` : `failed with exit code ${code}`);
      });
    });
}

/** Without `--non-interactive` a prompt of the CLI would wait forever. */
function nonInteractive(args: readonly string[]): readonly string[] {
  return args.includes("--non-interactive") ? args : [...args, "--non-interactive"];
}
