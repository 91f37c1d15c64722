import { randomBytes } from "node:crypto";
import { constants, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../util/errno";
import { UserError } from "../../util/userError";
import { append, appendIfThere, removeOldFiles, type Creation } from "./journalReader";

/** One creation in the journal. Never throws: journal errors must not fail the creation. */
export interface CreationNote {
  /** A response has returned the key. Called before a request changes its name. */
  made(fingerprint: string): void;
  /** No key was created. */
  end(): void;
  /** The engine gets the key, so a program may receive it. Whether the engine saves the key is unknown: the note stays. */
  delivered(): void;
}

export class DiskFullError extends UserError {
  override readonly name = "DiskFullError";
}

/**
 * Records creations before their first request. When only the plugin is killed during a creation, the engine drops the
 * operation, and the journal is the only record of the key.
 */
export interface CreationJournal {
  /** Called right before the first request that may create a key. @throws DiskFullError. */
  begin(creation: Omit<Creation, "backend">): CreationNote;
}

export interface JournalOptions {
  folder: string;
  /** Called once, when the folder cannot be written. Creations then go on without a note. */
  onTrouble: (reason: string) => void;
  /** Identifies the stack's backend. Default: unknown. */
  backendOf?: (project: string) => string | undefined;
}

/**
 * The journal of one process: one file in the folder. Not fsynced: the journal only has to survive a process crash. If
 * the machine crashes, the engine crashes too, and its state has the pending operation.
 */
export function creationJournal({
  folder,
  onTrouble,
  backendOf = () => undefined,
}: JournalOptions): CreationJournal {
  const file = join(folder, `${randomBytes(8).toString("hex")}.jsonl`);
  const open = new Set<string>();
  let begun = 0;
  let delivered = 0;
  let backend: string | undefined;
  let isTroubled = false;

  const attempt = (step: () => void): string | undefined => {
    try {
      step();
    } catch (error) {
      const code = errorCode(error) ?? String(error);
      if (!isTroubled) onTrouble(`${file}: ${code}`);
      isTroubled = true;
      return code;
    }
    return undefined;
  };
  const end = (id: string): void => {
    if (!open.delete(id)) return;
    attempt(() =>
      open.size + delivered === 0 ? rmSync(file, { force: true }) : appendIfThere(file, { end: id }),
    );
  };
  const deliver = (id: string): void => {
    if (!open.delete(id)) return;
    delivered += 1;
    attempt(() => appendIfThere(file, { delivered: id }));
  };
  return {
    begin(creation) {
      begun += 1;
      const id = String(begun);
      const { stack, startedMs } = creation;
      const project = stack?.split("/").at(-2);
      // A plugin process works for one stack.
      backend ??= project === undefined ? undefined : backendOf(project);
      const noted: Creation = { ...creation, backend };
      const trouble = attempt(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        append(file, constants.O_CREAT, { begin: { id, ...noted } });
      });
      if (trouble === "ENOSPC" || trouble === "EDQUOT") {
        throw new DiskFullError({
          why: `The disk is full (${folder}), so a new key might never be recorded.`,
          nextStep: "Nothing was sent. Make room, then run the command again.",
        });
      }
      open.add(id);
      if (begun === 1) attempt(() => removeOldFiles(folder, startedMs));
      return {
        made: (fingerprint) => void attempt(() => appendIfThere(file, { made: id, fingerprint })),
        end: () => end(id),
        // Two turns later the response is in the socket: a plugin that is killed before has delivered nothing.
        delivered: () => void setImmediate(() => setImmediate(() => deliver(id))),
      };
    },
  };
}
