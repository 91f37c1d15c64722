import { randomBytes } from "node:crypto";
import { constants, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../util/errno";
import { UserError } from "../../util/userError";
import { append, appendIfThere, type Creation } from "./journalReader";
import type { EngineLiveness } from "../engineLiveness";
import { afterDelivery, type Defer } from "./afterDelivery";
import { forgetDelivered } from "./delivered";

/** One creation's place in the journal. Nothing here ever throws: a note must not fail what it is about. */
export interface CreationNote {
  /** A response has brought the key: called before a request changes its name. */
  made(fingerprint: string): void;
  /** No key was made, so there is nothing to look for. */
  end(): void;
  /**
   * The result is on its way to the engine: a moment later it counts as taken, if the engine is there. Whether the engine
   * then saves it is not reported, so the note stays until a later run, which could not begin without a state.
   */
  delivering(engine: EngineLiveness | undefined): void;
}

/** The disk is full. The engine could not record the key either, so none is made. */
export class DiskFullError extends UserError {
  override readonly name = "DiskFullError";
}

/**
 * The creations in flight, noted before they begin. When only this process is killed in the middle of one, the engine
 * drops the operation, and the key stays on the account with no state that names it: then this is all that knows of it.
 */
export interface CreationJournal {
  /** Called right before the first request that may make a key. @throws DiskFullError. */
  begin(creation: Omit<Creation, "backend" | "run">): CreationNote;
}

export interface JournalOptions {
  folder: string;
  /** Called once, when the folder cannot be written. Creations go on without a note then. */
  onTrouble: (reason: string) => void;
  /** When the engine has read what it was handed. Default: 20 ms later. */
  defer?: Defer;
  /** Identifies the stack's backend. Default: it is not known. @param project the project's name. */
  backendOf?: (project: string) => string | undefined;
  /** The run of the engine. */
  run?: string | undefined;
}

/**
 * The journal of one process: a file in the folder, there while a creation is in flight, and after it until the stack's
 * next run. It is not forced to the disk, since only the death of a process matters: a machine that dies takes the engine
 * along, whose state then has the operation.
 */
export function creationJournal({
  folder,
  onTrouble,
  defer: soon = afterDelivery(),
  backendOf = () => undefined,
  run,
}: JournalOptions): CreationJournal {
  const file = join(folder, `${randomBytes(8).toString("hex")}.jsonl`);
  const open = new Set<string>();
  let begun = 0;
  let taken = 0;
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
      open.size + taken === 0 ? rmSync(file, { force: true }) : appendIfThere(file, { end: id }),
    );
  };
  const take = (id: string): void => {
    if (!open.delete(id)) return;
    taken += 1;
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
      const noted: Creation = { ...creation, backend, run };
      const trouble = attempt(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        append(file, constants.O_CREAT, { begin: { id, ...noted } });
      });
      if (trouble === "ENOSPC" || trouble === "EDQUOT") {
        throw new DiskFullError({
          why: `The disk is full (${folder}), so a key that is made now might never be recorded.`,
          nextStep: "Nothing was sent. Make room, then run the command again.",
        });
      }
      open.add(id);
      if (begun === 1) forgetDelivered(folder, noted, startedMs);
      return {
        made: (fingerprint) => void attempt(() => appendIfThere(file, { made: id, fingerprint })),
        end: () => end(id),
        delivering(engine) {
          soon(async (isClosing) => {
            // Asking takes another turn of the event loop, in which whatever was still to be sent is sent.
            if (isClosing || engine === undefined || (await engine.isAlive())) take(id);
          });
        },
      };
    },
  };
}
