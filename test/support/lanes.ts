import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a program several times at once, each with `--only` for its share of the seeds. In processes, since the SDK's
 * errors about a dead engine do not name the run.
 */
export async function runInLanes(
  file: string,
  seeds: readonly number[],
  lanes: number,
  args: readonly string[],
): Promise<void> {
  const runLane = async (lane: number): Promise<void> => {
    const own = seeds.filter((_, at) => at % lanes === lane).flatMap((seed) => ["--only", String(seed)]);
    const child = spawn(process.execPath, [...process.execArgv, file, ...own, ...args], { stdio: "inherit" });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) process.exitCode = 1;
  };
  await Promise.all(Array.from({ length: Math.min(lanes, seeds.length) }, (_, lane) => runLane(lane)));
}

/** gRPC's status for a server that does not respond. */
const UNAVAILABLE = 14;

/** Ignores the rejected promise that the SDK leaves when an engine ends while a program connects to it. */
export function ignoreLostEngines(): void {
  process.on("unhandledRejection", (reason) => {
    const code = typeof reason === "object" && reason !== null && "code" in reason ? reason.code : undefined;
    if (code !== UNAVAILABLE) throw reason;
  });
}
