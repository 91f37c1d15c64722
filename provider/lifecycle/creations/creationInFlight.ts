import type { KeySettings } from "../../api/wire";
import { nameHashOf, type Creation } from "./journalReader";
import type { CreationJournal, CreationNote } from "./journal";
import type { EngineLiveness } from "../engineLiveness";
import { PartialFailure } from "../failures";

export interface InFlightOptions {
  journal: CreationJournal | undefined;
  engine: EngineLiveness | undefined;
  stack: string | undefined;
}

/**
 * One creation on its way from the first request to the engine. Its note in the journal stays open unless it is certain
 * that nothing was made, or that the engine has heard of the key.
 */
export class CreationInFlight {
  readonly #options: InFlightOptions;
  #note: CreationNote | undefined;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  /** A request is about to go out that may make a key. */
  requested({ name }: Pick<KeySettings, "name">, details: Pick<Creation, "account" | "startedMs">): void {
    const { journal, stack } = this.#options;
    this.#note ??= journal?.begin({ stack, nameHash: nameHashOf(name), ...details });
  }

  /** The key exists. To be called before a request gives it the chosen name, by which it could not be recognised. */
  made(fingerprint: string): void {
    this.#note?.made(fingerprint);
  }

  /** The responses prove that no key was made. */
  nothingMade(): void {
    this.#note?.end();
    this.#note = undefined;
  }

  /** Passes on what the engine is about to be given: a key, or a failure with or without one to be saved. */
  async handOver<T>(outcome: Promise<T>): Promise<T> {
    try {
      const result = await outcome;
      this.#note?.delivering(this.#options.engine);
      return result;
    } catch (error) {
      // A failure that saves the key hands it over as well; after any other, it is not known whether there is one.
      if (error instanceof PartialFailure) this.#note?.delivering(this.#options.engine);
      throw error;
    }
  }
}
