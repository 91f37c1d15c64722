import { rm, writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { errorCode } from "../../util/errno";
import { describeImport } from "../../functions/describeImport";
import type { ProxyKeyInputs } from "../../lifecycle/schema/inputs";
import { accountForCommand } from "../account/accountForCommand";
import { EXIT, Refusal, UsageError, type ExitCode } from "../problems";
import { requireImport } from "../pulumi/cliVersion";
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

/** Writes a `pulumi import` file and a program for the account's keys. Changes nothing on the account. */
export async function importKeys(options: ImportOptions, world: CommandContext): Promise<ExitCode> {
  const out = resolve(options.out);
  const program = resolve(options.program);
  if (out === program) throw new UsageError("--out and --program name the same file.");
  await requireImport({ mayBeMissing: true });
  const account = await accountForCommand(options, world, () =>
    PulumiProject.open(options.dir, world.changes),
  );
  const described = await describeImport(
    { namePrefix: options.namePrefix, budgetWindow: options.budgetWindow },
    account.begin(),
  );
  const { terminal } = world;
  if (described.names.length === 0) {
    const { namePrefix: prefix } = options;
    const why =
      prefix === undefined
        ? "The account has no proxy keys."
        : `No key of the account has a name that starts with ${JSON.stringify(prefix)}.`;
    terminal.result(`${why} Nothing was written.`);
    return EXIT.done;
  }
  await requireImport();
  await write(out, described.file, 0o600, options.force === true);
  try {
    await write(program, described.program, 0o644, options.force === true);
  } catch (error) {
    // A failed command must not leave keys in clear.
    await rm(out, { force: true });
    throw error;
  }
  terminal.result(
    [
      `${counted(described.names.length, "key")}: ${oneLine(described.names.join(", "))}`,
      `${options.out} contains them in clear, readable only by you; ${options.program} declares them.`,
      "Next:",
      `  pulumi import --file ${shellWord(options.out)} --generate-code=false --protect=false`,
      `  rm ${shellWord(options.out)}`,
      `Then add ${importOf(options.program)} to your program. \`pulumi preview\` should show no changes.`,
      "Leave out keys that another stack manages: `pulumi-electronhub orphans` lists those that no stack has.",
    ].join("\n"),
  );
  return EXIT.done;
}

/** The statement that imports a TypeScript file of the program's folder. */
function importOf(file: string): string {
  return `import "./${basename(file).replace(/\.ts$/, "")}";`;
}

async function write(path: string, text: string, mode: number, replace: boolean): Promise<void> {
  try {
    // An existing file may be readable by others, or a link to another file.
    if (replace) await rm(path, { force: true });
    await writeFile(path, text, { mode, flag: "wx" });
  } catch (error) {
    const code = errorCode(error) ?? "failed";
    // After a full disk, a part of the file is left with keys in clear.
    if (code !== "EEXIST") await rm(path, { force: true }).catch(() => {});
    throw new Refusal({
      why: code === "EEXIST" ? `${path} exists already.` : `${path} cannot be written (${code}).`,
      nextStep:
        code === "EEXIST"
          ? "Name another file with --out or --program, or add --force."
          : "Name a writable file with --out or --program.",
    });
  }
}
