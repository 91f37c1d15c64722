import { randomBytes } from "node:crypto";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import { createTransport } from "../../provider/api/transport";
import { accountNameOf } from "../../provider/lifecycle/accountContext";
import { systemDependencies } from "../../provider/lifecycle/system";
import { systemClock } from "../../provider/util/clock";
import { runLive } from "./run";

/** `npm run test:live`: asks the real API, with the account of ELECTRONHUB_API_KEY. */
async function main(): Promise<number> {
  const progress = (line: string) => console.error(line);
  const stop = new AbortController();
  // Not `once`: a process without a listener ends immediately, and the keys are to be removed first.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      if (!stop.signal.aborted) progress("Stopping; removing the keys first …");
      stop.abort(new Error("The test was stopped."));
    });
  const transport = createTransport();
  const { windowStore = () => memoryStore() } = systemDependencies(progress);
  try {
    return await runLive({
      environment: process.env,
      clock: systemClock,
      random: Math.random,
      transport,
      // Shared with the package's other processes on this machine, and with an earlier run.
      store: (settings) => windowStore(accountNameOf(settings), settings),
      runId: Array.from(randomBytes(6), (byte) => (byte % 36).toString(36)).join(""),
      signal: stop.signal,
      print: (text) => console.log(text),
      progress,
    });
  } finally {
    await transport.close();
  }
}

main().then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    // Its message might hold anything.
    console.error(error instanceof Error ? error.name : "The test failed.");
    process.exitCode = 1;
  },
);
