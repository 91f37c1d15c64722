import type { KeySettings } from "../api/wire";
import { nameHashOf, settingsHashOf, type Creation } from "./creationNotes";
import type { CreationJournal, CreationNote } from "./creations";
import type { EngineLink } from "./engineLink";
import { EngineError } from "./failures";

export interface InFlightOptions {
  journal: CreationJournal | undefined;
  engine: EngineLink | undefined;
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
  requested(settings: KeySettings, details: Pick<Creation, "account" | "nameGenerated" | "startedMs">): void {
    const { journal, stack } = this.#options;
    this.#note ??= journal?.begin({
      stack,
      nameHash: nameHashOf(settings.name),
      settingsHash: settingsHashOf(settings),
      ...details,
    });
  }

  /** The answers prove that no key was made. */
  nothingMade(): void {
    this.#note?.end();
    this.#note = undefined;
  }

  /** Passes on what the engine is about to be given: a key, or a failure with or without one to be saved. */
  async handOver<T>(outcome: Promise<T>): Promise<T> {
    try {
      const result = await outcome;
      this.#note?.handOver(this.#options.engine);
      return result;
    } catch (error) {
      // A failure that saves the key hands it over as well; after any other, nobody knows whether there is one.
      if (!(error instanceof EngineError)) this.#note?.handOver(this.#options.engine);
      throw error;
    }
  }
}
