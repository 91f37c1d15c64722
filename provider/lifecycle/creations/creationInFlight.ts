import type { KeySettings } from "../../api/wire";
import { nameHashOf, type Creation } from "./journalReader";
import type { CreationJournal, CreationNote } from "./journal";
import { PartialFailure } from "../failures";

export interface InFlightOptions {
  journal: CreationJournal | undefined;
  stack: string | undefined;
}

/**
 * One creation from the first request to the engine. Its note in the journal ends only when the responses prove that no key
 * was created: the engine does not report whether it saves a key.
 */
export class CreationInFlight {
  readonly #options: InFlightOptions;
  #note: CreationNote | undefined;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  /** Called right before a request that may create a key. */
  requested({ name }: Pick<KeySettings, "name">, details: Pick<Creation, "account" | "startedMs">): void {
    const { journal, stack } = this.#options;
    this.#note ??= journal?.begin({ stack, nameHash: nameHashOf(name), ...details });
  }

  /** The key exists. Called before a request gives it the chosen name, by which it could not be recognised. */
  made(fingerprint: string): void {
    this.#note?.made(fingerprint);
  }

  /** The responses prove that no key was created. */
  nothingMade(): void {
    this.#note?.end();
    this.#note = undefined;
  }

  /** Records the delivery of the result to the engine. */
  async handOver<T>(outcome: Promise<T>): Promise<T> {
    try {
      const result = await outcome;
      this.#note?.delivered();
      return result;
    } catch (error) {
      // A failure that saves the key delivers it as well. After any other failure, whether there is a key is unknown.
      if (error instanceof PartialFailure) this.#note?.delivered();
      throw error;
    }
  }
}
