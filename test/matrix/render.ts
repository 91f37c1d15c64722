import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runMatrix } from "./matrix";
import { renderMatrix } from "./table";

const MATRIX_FILE = join(__dirname, "fault-matrix.md");

/** Writes the fault matrix (`--write`), or checks that the file is up to date (`--check`). */
async function main(mode: string | undefined): Promise<void> {
  if (mode !== "--write" && mode !== "--check")
    throw new Error("Usage: tsx test/matrix/render.ts --write|--check");
  const text = renderMatrix(await runMatrix());
  if (mode === "--write") {
    writeFileSync(MATRIX_FILE, text);
  } else if (readFileSync(MATRIX_FILE, "utf8") !== text) {
    process.stderr.write(
      "test/matrix/fault-matrix.md is out of date: run tsx test/matrix/render.ts --write and review it.\n",
    );
    process.exitCode = 1;
  }
}

if (require.main === module) void main(process.argv[2]);
