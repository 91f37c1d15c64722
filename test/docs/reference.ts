import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { accountArgs, proxyKeyArgs } from "./declarations";
import { pluginSchema } from "./pluginSchema";
import { inputTable, outputTable, settingTable } from "./fieldTables";

/**
 * Generates what is made of the tables of fields and settings: the declarations in provider/resources and the tables of
 * the README. `--write` writes them; `--check` fails if one differs.
 */

async function main(mode: string | undefined): Promise<number> {
  if (mode !== "--write" && mode !== "--check") throw new Error("usage: reference.ts --write | --check");
  let differing = 0;
  for (const [path, text] of Object.entries(await generated())) {
    const file = join(REPOSITORY_ROOT, path);
    const current = await readFile(file, "utf8").catch(() => "");
    if (current === text) continue;
    if (mode === "--write") await writeFile(file, text);
    else console.error(`${path} differs from the tables of fields and settings. Run \`npm run docs\`.`);
    differing += 1;
  }
  return mode === "--check" && differing > 0 ? 1 : 0;
}

async function generated(): Promise<Record<string, string>> {
  const readme = await readFile(join(REPOSITORY_ROOT, "README.md"), "utf8");
  const tables = ["**Inputs**", inputTable(), "**Outputs**: every input, resolved, and", outputTable()];
  const withFields = withGenerated(readme, "reference", tables.join("\n\n"));
  return {
    "README.md": withGenerated(withFields, "settings", settingTable()),
    "provider/resources/proxyKeyArgs.ts": formatted("provider/resources/proxyKeyArgs.ts", proxyKeyArgs()),
    "provider/plugin/schema.json": formatted(
      "provider/plugin/schema.json",
      JSON.stringify(pluginSchema(), undefined, 2),
    ),
    "provider/resources/accountArgs.ts": formatted("provider/resources/accountArgs.ts", accountArgs()),
  };
}

function formatted(path: string, text: string): string {
  const oxfmt = join(REPOSITORY_ROOT, "node_modules", ".bin", "oxfmt");
  return execFileSync(oxfmt, [`--stdin-filepath=${path}`], {
    cwd: REPOSITORY_ROOT,
    input: text,
    encoding: "utf8",
  });
}

function withGenerated(readme: string, name: string, text: string): string {
  const [startMark, endMark] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [start, end] = [readme.indexOf(startMark), readme.indexOf(endMark)];
  if (start === -1 || end < start) throw new Error(`README.md has no ${startMark} … ${endMark}.`);
  return `${readme.slice(0, start + startMark.length)}\n\n${text}\n\n${readme.slice(end)}`;
}

main(process.argv[2]).then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
