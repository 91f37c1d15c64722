import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { systemClock } from "../util/clock";
import { fileWindowStore } from "../api/rateLimit/fileWindow";
import { createTransport } from "../api/transport";
import { unsettledFolder, creationsFolder, ledgerFolder, runsFolder } from "../config";
import { backendIdIn } from "./backend";
import { creationJournal } from "./creations/journal";
import { runIdOf } from "./engineLiveness";
import { UnsettledKeys } from "./unsettledKeys";
import { KeysOfRun } from "./keysOfRun";
import { fileOfRun } from "./runFile";
import type { Dependencies } from "./accountContext";

/** Production dependencies: system clock, network, environment, and files in the user's cache. */
export function systemDependencies(report: (line: string) => void): Dependencies {
  return {
    clock: systemClock,
    random: Math.random,
    randomBytes,
    transport: createTransport(),
    environment: process.env,
    report,
    unsettledKeys: new UnsettledKeys(unsettledFolder(process.env)),
    windowStore: (account) =>
      fileWindowStore({
        path: join(ledgerFolder(process.env), `${account}.json`),
        onTrouble: (reason) =>
          report(
            `Electron Hub: the rate limit cannot be shared with other processes (${reason}); this one keeps to it alone.`,
          ),
      }),
    creations: creationJournal({
      folder: creationsFolder(process.env),
      backendOf: (project) => backendIdIn(process.env, process.cwd(), project),
      onTrouble: (reason) =>
        report(
          `Electron Hub: creations in flight cannot be noted (${reason}); if this process is killed in the middle of one, only its generated name shows that it is ours.`,
        ),
    }),
  };
}

/** The keys of the run of the engine at this address, shared by its plugin processes. */
export function keysOfRun(engineAddress: string | undefined, report: (line: string) => void): KeysOfRun {
  const run = runIdOf(engineAddress);
  return new KeysOfRun({
    file: run === undefined ? undefined : fileOfRun(runsFolder(process.env), run),
    onTrouble: (reason) =>
      report(
        `Electron Hub: explicit providers cannot share which keys are adopted (${reason}); do not move a key between providers in this run.`,
      ),
  });
}
