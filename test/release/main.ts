import { join } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { release } from "./release";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: "string", default: join(REPOSITORY_ROOT, ".scratch", "release") } },
  });
  for (const { path, size } of await release(values.out))
    console.log(`${path}: ${(size / 1_000).toFixed(0)} kB`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
