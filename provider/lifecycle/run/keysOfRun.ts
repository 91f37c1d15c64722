import { RunFile, type DeclaredSettings, type Fact, type RunFileOptions } from "./runFile";

export type AdoptionProgress = "declared" | "done" | "failed";

export interface Holder {
  /** The resource's `__createdAs`. Undefined: its state has none. */
  by?: string | undefined;
  /** Undefined in a preview that does not know the settings yet. */
  declared?: DeclaredSettings | undefined;
}

class KeyFacts {
  /** URNs of the declared resources that adopt the key. */
  readonly adopters = new Set<string>();
  progress: "done" | "failed" | undefined;
  isCreated = false;
  /** The declared resource that keeps the key without adopting it. */
  holder: Holder | undefined;
}

/**
 * Which keys the declared resources of one run hold and adopt. The engine checks every declared resource before it
 * deletes any, so that a deletion knows which keys stay in use. Explicit providers are processes of their own, so the
 * processes of a run share a file.
 */
export class KeysOfRun {
  readonly #file: RunFile;
  readonly #known = new Map<string, KeyFacts>();
  #hasFailed = false;

  constructor(options: RunFileOptions = {}) {
    this.#file = new RunFile(options);
  }

  /** A declared resource names the key in `adopt`. */
  declareAdoption(fingerprint: string, urn: string): void {
    if (!this.#of(fingerprint).adopters.has(urn)) this.#note(fingerprint, { kind: "adopts", by: urn });
  }

  /** The adoption succeeded, or the adopting resource has the key since an earlier run. */
  adopted(fingerprint: string): void {
    if (this.#of(fingerprint).progress !== "done") this.#note(fingerprint, { kind: "adopted" });
  }

  adoptionFailed(fingerprint: string): void {
    this.#note(fingerprint, { kind: "failed" });
  }

  /** An operation of a declared resource failed. */
  operationFailed(): void {
    if (!this.#hasFailed) this.#note("", { kind: "operationFailed" });
  }

  created(fingerprint: string): void {
    this.#note(fingerprint, { kind: "created" });
  }

  /** A declared resource keeps the key that it has. */
  holds(fingerprint: string, { by, declared }: Holder): void {
    this.#note(fingerprint, { kind: "holds", by, declared });
  }

  /** Whether an operation has failed: the engine may then not know all resources that the program declares. */
  get hasFailed(): boolean {
    this.#read();
    return this.#hasFailed;
  }

  adopters(fingerprint: string): ReadonlySet<string> {
    return this.#read().#of(fingerprint).adopters;
  }

  /** Undefined: no declared resource keeps the key without adopting it. */
  holder(fingerprint: string): Holder | undefined {
    return this.#read().#of(fingerprint).holder;
  }

  /** Whether the run has created the key. */
  isCreated(fingerprint: string): boolean {
    return this.#read().#of(fingerprint).isCreated;
  }

  /** Undefined: no declared resource adopts the key. */
  adoption(fingerprint: string): AdoptionProgress | undefined {
    const { adopters, progress } = this.#read().#of(fingerprint);
    return adopters.size === 0 ? undefined : (progress ?? "declared");
  }

  /** Why the other processes of the run cannot read the facts of this one. Undefined: they can. */
  get trouble(): string | undefined {
    return this.#file.trouble;
  }

  #note(fingerprint: string, fact: Fact): void {
    this.#learn(fingerprint, fact);
    this.#file.append(fingerprint, fact);
  }

  /** Reads the new facts of the other processes. */
  #read(): this {
    for (const { key, fact } of this.#file.readNew()) this.#learn(key, fact);
    return this;
  }

  #learn(fingerprint: string, fact: Fact): void {
    if (fact.kind === "operationFailed") {
      this.#hasFailed = true;
      return;
    }
    const known = this.#of(fingerprint);
    if (fact.kind === "adopts") known.adopters.add(fact.by);
    else if (fact.kind === "created") known.isCreated = true;
    else if (fact.kind === "holds") known.holder = { by: fact.by, declared: fact.declared };
    else if (fact.kind === "adopted") known.progress = "done";
    else if (known.progress !== "done") known.progress = "failed";
  }

  #of(fingerprint: string): KeyFacts {
    const known = this.#known.get(fingerprint);
    if (known !== undefined) return known;
    const facts = new KeyFacts();
    this.#known.set(fingerprint, facts);
    return facts;
  }
}
