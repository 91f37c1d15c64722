import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ownTemporaryFolder } from "../util/cacheRoot";
import { systemClock } from "../util/clock";
import { ancestorNamed } from "../util/processes";
import { fileWindowStore } from "../api/rateLimit/fileWindow";
import { redisCell } from "../api/rateLimit/redisCell";
import { RedisConnection } from "../api/rateLimit/redisConnection";
import { sharedWindowStore, type SharedWindowError } from "../api/rateLimit/sharedWindow";
import { createTransport } from "../api/transport";
import { cacheFolder } from "../config";
import { backendIdIn } from "./creations/backend";
import { creationJournal } from "./creations/journal";
import { runIdOf } from "./run/engineLiveness";
import { UnsettledKeys } from "./run/unsettledKeys";
import { KeysOfRun } from "./run/keysOfRun";
import { fileOfRun } from "./run/runFile";
import type { Dependencies } from "./accountContext";

/** Production dependencies: system clock, network, environment, and files in the user's cache. */
export function systemDependencies(report: (line: string) => void): Dependencies {
  const reported = new Set<string>();
  // A process may use several accounts, or one with several settings.
  const reportOnce = (line: string) => {
    if (!reported.has(line)) report(line);
    reported.add(line);
  };
  return {
    clock: systemClock,
    random: Math.random,
    randomBytes,
    transport: createTransport(),
    environment: process.env,
    report,
    unsettledKeys: new UnsettledKeys(cacheFolder("unsettled", process.env)),
    windowStore: (account, { sharedWindow }) => {
      const local = fileWindowStore({
        path: join(cacheFolder("rate", process.env), `${account}.json`),
        onTrouble: (reason) =>
          report(
            `Electron Hub: the rate limit cannot be shared with other processes (${reason}); this process keeps to it alone. ${MOVE_THE_CACHE}`,
          ),
      });
      if (sharedWindow === undefined) return local;
      return sharedWindowStore({
        cell: redisCell({ connection: new RedisConnection(sharedWindow), account }),
        local,
        nowMs: () => systemClock.nowMs(),
        onTrouble: (error) => reportOnce(unshared(error)),
      });
    },
    creations: creationJournal({
      folder: cacheFolder("creations", process.env),
      backendOf: (project) => backendIdIn(process.env, process.cwd(), project),
      onTrouble: (reason) =>
        report(
          `Electron Hub: creations cannot be recorded (${reason}); if this process is killed during one, only the generated name identifies the key. ${MOVE_THE_CACHE}`,
        ),
    }),
  };
}

function unshared({ why, nextStep }: SharedWindowError): string {
  return `Electron Hub: the rate limit cannot be shared with other machines; this machine keeps to it alone. ${why} ${nextStep}`;
}

const MOVE_THE_CACHE = "Set XDG_CACHE_HOME to a folder that can be written.";

/** The keys of the run of the engine at this address, shared by its plugin processes. */
export function keysOfRun(engineAddress: string | undefined, report: (line: string) => void): KeysOfRun {
  const engineProcess = ancestorNamed("pulumi");
  const run = runIdOf(engineAddress, engineProcess);
  return new KeysOfRun({
    file: run === undefined ? undefined : fileOfRun(runsFolder(), run),
    isOfOneRun: engineProcess !== undefined,
    onTrouble: (reason) =>
      report(
        `Electron Hub: explicit providers cannot share which keys are adopted (${reason}); do not move a key between providers in this run. ${MOVE_THE_CACHE}`,
      ),
  });
}

/** Without a cache that can be written, among the temporary files: what the processes of a run share protects keys. */
function runsFolder(): string {
  const folder = cacheFolder("runs", process.env);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch {
    const temporary = ownTemporaryFolder();
    return temporary === undefined ? folder : join(temporary, "runs");
  }
}
