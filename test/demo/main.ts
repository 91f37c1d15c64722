import { findPulumiCli } from "../support/pulumiCli";
import { Expectations } from "./expectations";
import { note, title } from "./print";
import { bringUp, destroyAll, showDrift } from "./steps";
import { summarise, verdict } from "./summary";
import { createWorld, type World } from "./world";

/** Exit codes of a process that a signal has ended, as shells have them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

let interrupted = false;

/** The life of a stack of proxy keys on the real Pulumi engine, against simulated accounts: no account is needed. */
async function main(): Promise<number> {
  title("pulumi-electronhub: proxy keys made, changed and destroyed, on the real Pulumi engine");
  const cli = await findPulumiCli();
  note(cli.summary, "dim");
  const world = await createWorld(cli);
  disposeOnSignals(world);
  try {
    const expectations = new Expectations();
    const keys = await bringUp(world, expectations);
    await showDrift(world, keys, expectations);
    await destroyAll(world, keys, expectations);
    await summarise(world, keys, expectations);
    return verdict(expectations);
  } finally {
    await world.dispose();
  }
}

function disposeOnSignals(world: World): void {
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    // Not `once`: tsx ends a process at once that has no listener left.
    process.on(signal, () => {
      interrupted = true;
      void world.dispose().finally(() => process.exit(exitCode));
    });
  }
}

main().then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    // What fails after an interruption fails because of it.
    if (interrupted) return;
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
