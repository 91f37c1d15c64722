/** Every key of the live test has a name of this form, and no other key is ever changed. */
export const NAME_PREFIX = "pulumi-eh-live-";
const NAME = /^pulumi-eh-live-([0-9a-z]{6})-\d{2}$/;

/** The credits in all budgets of the live test are below this at any time. */
export const MAX_CREDITS = 0.2;

/** The run that has made the key of this name. Undefined: it is no key of the live test. */
export function runOf(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}

/** The keys of one run of the live test, and the credits in their budgets. */
export class OwnKeys {
  /** The most credits that were in all budgets at once. */
  peakCredits = 0;
  readonly #runId: string;
  /** Also of keys that are removed. */
  readonly #names = new Map<string, string>();
  readonly #credits = new Map<string, number>();
  #made = 0;

  /** @param runId six letters or digits. */
  constructor(runId: string) {
    this.#runId = runId;
    if (runOf(this.#name(0)) !== runId) throw new Error(`${runId} is not the id of a run.`);
  }

  /** The name of a new key. */
  nextName(): string {
    this.#made += 1;
    return this.#name(this.#made);
  }

  isOfThisRun(name: string): boolean {
    return runOf(name) === this.#runId;
  }

  /** The name of a key that this run has made or claimed. Undefined: it is another one. */
  nameOf(key: string): string | undefined {
    return this.#names.get(key);
  }

  /** The keys that may still exist. */
  get remaining(): readonly { key: string; name: string }[] {
    return [...this.#names]
      .map(([key, name]) => ({ key, name }))
      .filter(({ name }) => this.#credits.has(name));
  }

  /**
   * Takes over a key of the account's list, to remove it.
   *
   * @throws if its name is not one of the live test.
   */
  claim(key: string, name: string, credits = 0): void {
    if (runOf(name) === undefined) throw new NotOurKeyError("a key whose name the live test does not give");
    this.#names.set(key, name);
    this.#credits.set(name, this.#credits.get(name) ?? credits);
  }

  /**
   * Counts a budget before the request that sets it.
   *
   * @throws if it would bring all budgets to the maximum. Nothing is counted then.
   */
  reserve(name: string, credits: number): void {
    if (!(credits > 0)) throw new NotOurKeyError(`a budget of ${credits}`);
    const others = this.credits - (this.#credits.get(name) ?? 0);
    if (others + credits >= MAX_CREDITS)
      throw new NotOurKeyError(`budgets of ${others + credits} credits in all`);
    this.#credits.set(name, credits);
    this.peakCredits = Math.max(this.peakCredits, this.credits);
  }

  /** Counts the keys of another run that still has them. */
  countOthers(credits: number): void {
    this.#credits.set("others", credits);
  }

  creditsOf(name: string): number {
    return this.#credits.get(name) ?? 0;
  }

  /** The key does not exist, or not any more. */
  release(name: string): void {
    this.#credits.delete(name);
  }

  get credits(): number {
    return [...this.#credits.values()].reduce((sum, credits) => sum + credits, 0);
  }

  #name(count: number): string {
    return `${NAME_PREFIX}${this.#runId}-${String(count).padStart(2, "0")}`;
  }
}

/** The live test was about to send what it must never send. Nothing was sent. */
export class NotOurKeyError extends Error {
  override readonly name = "NotOurKeyError";

  constructor(what: string) {
    super(`The live test sends no request about ${what}.`);
  }
}
