import { rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { errorCode } from "../../util/errno";
import { describeImport } from "../../functions/describeImport";
import type { ProxyKeyInputs } from "../../lifecycle/schema/inputs";
import { accountForCommand } from "../account/accountForCommand";
import { EXIT, Refusal, UsageError, type ExitCode } from "../problems";
import { PulumiProject } from "../pulumi/project";
import { oneLine } from "../terminal/plainText";
import { shellWord } from "../terminal/shell";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface ImportOptions {
  dir: string;
  stack?: string;
  namePrefix?: string;
  budgetWindow: ProxyKeyInputs["budgetWindow"];
  out: string;
  program: string;
  force?: boolean;
}

/** Writes the file for `pulumi import` and the program that declare the account's keys. The account is only read. */
export async function importKeys(options: ImportOptions, world: CommandContext): Promise<ExitCode> {
  const out = resolve(options.out);
  const program = resolve(options.program);
  if (out === program) throw new UsageError("--out and --program name the same file.");
  const account = await accountForCommand(options, world, () =>
    PulumiProject.open(options.dir, world.changes),
  );
  const described = await describeImport(
    { namePrefix: options.namePrefix, budgetWindow: options.budgetWindow },
    account.begin(),
  );
  const { terminal } = world;
  if (described.names.length === 0) {
    terminal.result("No key of the account fits; nothing was written.");
    return EXIT.done;
  }
  await write(out, described.file, 0o600, options.force === true);
  try {
    await write(program, described.program, 0o644, options.force === true);
  } catch (error) {
    // Keys in clear are not left behind by a command that failed.
    await rm(out, { force: true });
    throw error;
  }
  terminal.result(
    [
      `${counted(described.names.length, "key")}: ${oneLine(described.names.join(", "))}`,
      `${options.out} holds them in clear, readable for you only; ${options.program} declares them.`,
      "Next:",
      `  pulumi import --file ${shellWord(options.out)} --generate-code=false --protect=false`,
      `  rm ${shellWord(options.out)}`,
      `then put ${options.program} into the program; \`pulumi preview\` shows no change.`,
      "Leave out keys that another stack manages already; `pulumi-electronhub orphans` shows those that none does.",
    ].join("\n"),
  );
  return EXIT.done;
}

async function write(path: string, text: string, mode: number, replace: boolean): Promise<void> {
  try {
    // One that exists may be readable for others, or a link to somewhere else: it is made anew.
    if (replace) await rm(path, { force: true });
    await writeFile(path, text, { mode, flag: "wx" });
  } catch (error) {
    const code = errorCode(error) ?? "failed";
    // A full disk leaves a part of it, with keys in clear.
    if (code !== "EEXIST") await rm(path, { force: true }).catch(() => {});
    throw new Refusal({
      why: code === "EEXIST" ? `${path} exists already.` : `${path} cannot be written (${code}).`,
      nextStep:
        code === "EEXIST"
          ? "Name another with --out or --program, or add --force."
          : "Name a place that can be written with --out or --program.",
    });
  }
}
