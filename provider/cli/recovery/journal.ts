import { errorCode } from "../../util/errno";
import { Refusal } from "../problems";

/** Reads this machine's journal of creations. @throws Refusal that names the folder if it cannot be read. */
export function readJournal<T>(folder: string, read: (folder: string) => T): T {
  try {
    return read(folder);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new Refusal({
      why: `The journal of creations in ${folder} cannot be read (${code}).`,
      nextStep: "Make the folder and its files readable, or run the command as the user who owns them.",
    });
  }
}
