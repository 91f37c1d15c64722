import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inputTable, outputTable } from "./fieldTables";

/**
 * Keeps the README's reference equal to the table of fields: `--write` brings it up to date, `--check` fails when it is
 * not, and without either the tables are printed.
 */

const README = join(__dirname, "..", "..", "README.md");
const START = "<!-- reference:start -->";
const END = "<!-- reference:end -->";

async function main(mode: string | undefined): Promise<number> {
  const tables = [
    "**Inputs**",
    await inputTable(),
    "**Outputs**: every input, resolved, and",
    await outputTable(),
  ].join("\n\n");
  if (mode === undefined) {
    console.log(tables);
    return 0;
  }
  if (mode !== "--write" && mode !== "--check") throw new Error("usage: reference.ts [--write | --check]");
  const current = await readFile(README, "utf8");
  const wanted = withReference(current, tables);
  if (mode === "--write") {
    await writeFile(README, wanted);
    return 0;
  }
  if (current === wanted) return 0;
  console.error("README.md is not what provider/lifecycle/schema/fields.ts says. Run `npm run docs`.");
  return 1;
}

function withReference(readme: string, tables: string): string {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start === -1 || end < start) throw new Error(`README.md has no ${START} … ${END}.`);
  return `${readme.slice(0, start + START.length)}\n\n${tables}\n\n${readme.slice(end)}`;
}

main(process.argv[2]).then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
