import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../config";
import type { CommandContext } from "../commandContext";
import { settingsOf, type Remembered, type RevokedKey } from "./revokedKey";

/**
 * Remembers revocations of an account, so that a command that was killed gives the same result when it is run again: the
 * absence of a fingerprint alone proves nothing, and the backup of the settings would be lost. Never throws: without the file,
 * an absent fingerprint is reported as unknown.
 */
export class RevocationMemory {
  readonly #folder: string;
  readonly #file: string;
  #known: Map<string, Remembered> | undefined;

  constructor(account: string, { environment }: Pick<CommandContext, "environment">) {
    this.#folder = cacheFolder("revoked", environment);
    this.#file = join(this.#folder, `${account}.jsonl`);
  }

  find(fingerprint: string): Remembered | undefined {
    this.#known ??= new Map(linesOf(this.#file).map((key) => [key.fingerprint, key]));
    return this.#known.get(fingerprint);
  }

  /** Call it before a request that changes the key. */
  add(key: Remembered): void {
    if (JSON.stringify(this.find(key.fingerprint)) === JSON.stringify(key)) return;
    this.#known?.set(key.fingerprint, key);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      // A line that a killed process has cut off must not spoil the next.
      appendFileSync(this.#file, `\n${JSON.stringify(key)}\n`, { mode: 0o600 });
    } catch {}
  }
}

export function remember(key: RevokedKey, memory: RevocationMemory): void {
  const { fingerprint, wire } = key;
  const settings = settingsOf(key);
  if (fingerprint !== undefined && wire !== undefined && settings !== undefined)
    memory.add({ fingerprint, name: wire.name, settings });
}

function linesOf(file: string): Remembered[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    try {
      const read = JSON.parse(line) as Partial<Remembered> | null;
      return typeof read?.fingerprint === "string" && read.settings != null ? [read as Remembered] : [];
    } catch {
      return [];
    }
  });
}
