import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../config";
import type { CommandContext } from "../commandContext";

/** What this machine remembers of a key that a revocation was about to remove. Without the key. */
export interface Remembered {
  fingerprint: string;
  name: string;
  settings: Readonly<Record<string, unknown>>;
}

/**
 * Remembers removals of an account, so that a command that was killed gives the same result when it is run again: an absent
 * fingerprint alone proves nothing. Never throws: without the file, an absent fingerprint is reported as unknown.
 */
export class RemovalMemory {
  readonly #folder: string;
  readonly #file: string;

  constructor(account: string, { environment }: Pick<CommandContext, "environment">) {
    this.#folder = cacheFolder("revoked", environment);
    this.#file = join(this.#folder, `${account}.jsonl`);
  }

  /** Call it before the removal. */
  add(key: Remembered): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      // A line that a killed process has cut off must not spoil the next.
      appendFileSync(this.#file, `\n${JSON.stringify(key)}\n`, { mode: 0o600 });
    } catch {}
  }

  find(fingerprint: string): Remembered | undefined {
    try {
      return readFileSync(this.#file, "utf8")
        .split("\n")
        .filter((line) => line.includes(`"${fingerprint}"`))
        .map((line) => JSON.parse(line) as Remembered)
        .findLast((key) => key.fingerprint === fingerprint);
    } catch {
      return undefined;
    }
  }
}
