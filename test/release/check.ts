import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageVersion } from "../../provider/config";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { checkTag, releaseNotes } from "./changelog";

/** Whether a tag can be released: `npm run release:check -- v1.2.3`. `--notes` writes the changelog's section to a file. */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { notes: { type: "string" } },
  });
  const [tag = ""] = positionals;
  const version = packageVersion();
  checkTag(tag, version);
  const notes = releaseNotes(await readFile(join(REPOSITORY_ROOT, "CHANGELOG.md"), "utf8"), version);
  if (values.notes === undefined) console.log(`${tag} can be released.`);
  else await writeFile(values.notes, notes);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
