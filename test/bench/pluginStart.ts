import { performance } from "node:perf_hooks";

import { createEngineProject } from "../support/engine";
import { startCommand } from "../support/command";
import { endProcesses } from "../support/processes";
import { installBundle, installNoop } from "./executables";
import { inTurn } from "./rounds";

/** The engine's address, which a plugin gets as its argument. No engine is there: nothing is asked until the first verb. */
const ENGINE = "127.0.0.1:9";

/** Started as the engine does: by name, from the PATH. */
const HOST = "pulumi-resource-pulumi-nodejs";
const PLUGIN = "pulumi-resource-electronhub";
const NOOP = "pulumi-resource-noop";

export const STARTED = ["dynamic-provider host", "noop plugin", "plugin", "plugin, bundled"] as const;
export type Started = (typeof STARTED)[number];

/** Starts each plugin in turn. @returns its times in milliseconds, by what was started. */
export async function pluginStarts(
  what: readonly Started[],
  rounds: number,
): Promise<ReadonlyMap<Started, number[]>> {
  const built = await createEngineProject();
  const bundled = await createEngineProject();
  try {
    await installNoop(built.folders.bin);
    if (what.includes("plugin, bundled")) await installBundle(bundled.folders.bin);
    const starts: Record<Started, () => Promise<number>> = {
      "dynamic-provider host": () => startMs(HOST, built),
      "noop plugin": () => startMs(NOOP, built),
      plugin: () => startMs(PLUGIN, built),
      "plugin, bundled": () => startMs(PLUGIN, bundled),
    };
    // The first start reads the files from the disk.
    for (const started of what) await starts[started]();
    const times = new Map<Started, number[]>(what.map((started) => [started, []]));
    for (let turn = 0; turn < rounds; turn++)
      for (const started of inTurn(what, turn)) times.get(started)?.push(await starts[started]());
    return times;
  } finally {
    await built.dispose();
    await bundled.dispose();
  }
}

interface Place {
  folders: { work: string };
  env: Readonly<Record<string, string>>;
}

/**
 * The time in milliseconds from the spawn until the plugin has printed its port.
 *
 * @throws if it prints something else, or exits.
 */
export async function startMs(file: string, { folders, env }: Place): Promise<number> {
  const startedMs = performance.now();
  const running = startCommand(file, [ENGINE], { cwd: folders.work, env });
  try {
    await running.waitForOutput(/\n/);
    const tookMs = performance.now() - startedMs;
    const output = running.output();
    if (!/^\d+\r?\n$/.test(output)) throw new Error(`${file} printed no port:\n${output}`);
    return tookMs;
  } finally {
    running.kill("SIGKILL");
    endProcesses(running.orphans);
    await running.done;
  }
}
