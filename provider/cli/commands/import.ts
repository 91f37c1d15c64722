import { describeImport } from "../../functions/describeImport";
import type { ProxyKeyInputs } from "../../lifecycle/schema/inputs";
import { accountForCommand } from "../account/accountForCommand";
import { requireClearNames, writeImport, type ImportFiles } from "../importing/importFiles";
import { entryFolder, importLine, isProgram } from "../importing/importLine";
import { unmanagedKeys, type LeftOutKey } from "../importing/unmanagedKeys";
import { EXIT, type ExitCode } from "../problems";
import { requireImport } from "../pulumi/cliVersion";
import { PulumiProject } from "../pulumi/project";
import type { Block } from "../terminal/layout";
import { oneLine } from "../terminal/plainText";
import { shellWord } from "../terminal/shell";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface ImportOptions extends ImportFiles {
  dir: string;
  stack?: string;
  namePrefix?: string;
  budgetWindow: ProxyKeyInputs["budgetWindow"];
  force?: boolean;
}

/**
 * Writes a `pulumi import` file and a program for the account's keys that no stack of the backend manages. Changes nothing on
 * the account.
 */
export async function importKeys(options: ImportOptions, world: CommandContext): Promise<ExitCode> {
  const files = requireClearNames(options);
  await requireImport();
  let opening: Promise<PulumiProject> | undefined;
  const open = () => (opening ??= PulumiProject.open(options.dir, world.changes));
  const account = await accountForCommand(options, world, open);
  const project = await open();
  let leftOut: readonly LeftOutKey[] = [];
  const described = await describeImport(
    { namePrefix: options.namePrefix, budgetWindow: options.budgetWindow },
    account.begin(),
    async (keys) => {
      const selected = await unmanagedKeys(keys, project, world);
      leftOut = selected.leftOut;
      return selected.keys;
    },
  );
  const { terminal } = world;
  const leftOutLines = leftOut.map(({ why }) => `Left out: ${oneLine(why)}`);
  if (described.names.length === 0) {
    terminal.result(...leftOutLines, `${nothingText(options, leftOut)} Nothing was written.`);
    return EXIT.done;
  }
  await writeImport(files, described, options.force === true);
  terminal.result(
    ...leftOutLines,
    `${counted(described.names.length, "key")}: ${oneLine(described.names.join(", "))}`,
    `${options.out} contains the keys in clear, readable only by you; ${options.program} declares them.`,
    "Next:",
    { copy: `  pulumi import --file ${shellWord(options.out)} --generate-code=false --protect=false` },
    { copy: `  rm ${shellWord(options.out)}` },
    ...importText(files.program, (await project.program()).folder),
  );
  return EXIT.done;
}

function nothingText({ namePrefix: prefix }: ImportOptions, leftOut: readonly LeftOutKey[]): string {
  if (leftOut.length > 0) return "Stacks of the backend have, or are creating, all of these keys.";
  return prefix === undefined
    ? "The account has no proxy keys."
    : `No key of the account has a name that starts with ${JSON.stringify(prefix)}.`;
}

function importText(file: string, folder: string): Block[] {
  const entry = entryFolder(folder);
  if (isProgram(file, folder)) return ["`pulumi preview` should show no changes: run it before `pulumi up`."];
  return [
    "Then add this line to your program before the next `pulumi up`, which would otherwise remove the keys:",
    { copy: `  ${importLine(file, entry)}` },
    "`pulumi preview` should show no changes.",
  ];
}
