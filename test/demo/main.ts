import { findPulumiCli } from "../support/pulumiCli";
import { Expectations } from "./expectations";
import { note, title } from "./print";
import { bringUp, destroyAll, showDrift } from "./steps";
import { summarise, verdict } from "./summary";
import { createFixture, type Fixture } from "./fixture";

/** Exit codes after a signal, as in shells. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

let interrupted = false;

/** Creates, changes and destroys a stack of proxy keys on the real Pulumi engine, with simulated accounts. */
async function main(): Promise<number> {
  title("pulumi-electronhub: proxy keys created, changed and destroyed, on the real Pulumi engine");
  const cli = await findPulumiCli();
  note(cli.summary, "dim");
  const fixture = await createFixture(cli);
  disposeOnSignals(fixture);
  try {
    const expectations = new Expectations();
    const keys = await bringUp(fixture, expectations);
    await showDrift(fixture, keys, expectations);
    await destroyAll(fixture, keys, expectations);
    await summarise(fixture, keys, expectations);
    return verdict(expectations);
  } finally {
    await fixture.dispose();
  }
}

function disposeOnSignals(fixture: Fixture): void {
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    // Not `once`: tsx ends a process without a listener immediately.
    process.on(signal, () => {
      interrupted = true;
      void fixture.dispose().finally(() => process.exit(exitCode));
    });
  }
}

main().then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    // A failure after an interruption is caused by it.
    if (interrupted) return;
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
