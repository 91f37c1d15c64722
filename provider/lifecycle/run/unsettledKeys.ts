import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Keys whose settings may differ from their state, because an update or an adoption was killed, or an adoption failed. One
 * file for each key in the user's cache.
 */
export class UnsettledKeys {
  readonly #folder: string | undefined;
  readonly #open = new Set<string>();

  /** @param folder undefined: known to this process only. */
  constructor(folder?: string) {
    this.#folder = folder;
  }

  /** Called before the request that changes the key. */
  begin(fingerprint: string): void {
    this.#open.add(fingerprint);
    this.#withFile(fingerprint, (file, folder) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(file, "", { mode: 0o600 });
    });
  }

  /** All settings of the key have been sent and confirmed, or the key is gone. */
  end(fingerprint: string): void {
    this.#open.delete(fingerprint);
    this.#withFile(fingerprint, (file) => rmSync(file, { force: true }));
  }

  isOpen(fingerprint: string): boolean {
    return this.#open.has(fingerprint) || this.#withFile(fingerprint, (file) => existsSync(file)) === true;
  }

  /** Never throws: a file error must not fail the update, since the file only matters if the process is killed. */
  #withFile<T>(fingerprint: string, step: (file: string, folder: string) => T): T | undefined {
    if (this.#folder === undefined || !/^pk-[0-9a-f]{16}$/.test(fingerprint)) return undefined;
    try {
      return step(join(this.#folder, fingerprint), this.#folder);
    } catch {
      return undefined;
    }
  }
}
