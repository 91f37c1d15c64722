import type { StackName } from "./model";

/** The resource that has a key. */
interface Owner {
  stack: StackName;
  name: string;
}

/**
 * Labels of keys that are the same in every run of a sequence: `k0#1` is the first key of the resource k0 in the stack a,
 * `b/k0#1` that in the stack b, `lost#1` the first key that no state had when it appeared.
 */
export class Labels {
  readonly #keys = new Map<string, string>();
  readonly #labels = new Map<string, string>();

  give(label: string, key: string): void {
    this.#keys.set(label, key);
    this.#labels.set(key, label);
  }

  /** Labels a new key. */
  note(key: string, owner: Owner | undefined): void {
    if (this.#labels.has(key)) return;
    const base =
      owner === undefined ? "lost" : owner.stack === "a" ? owner.name : `${owner.stack}/${owner.name}`;
    let number = 1;
    while (this.#keys.has(`${base}#${number}`)) number += 1;
    this.give(`${base}#${number}`, key);
  }

  /** Returns the key of a label. An unknown label gets a key that is on no account. */
  keyOf(label: string): string {
    return this.#keys.get(label) ?? `ek-proxy-never-made-${label.replaceAll(/[^a-z0-9]/gi, "-")}`;
  }

  /** Returns the label of a key, if it has one. */
  of(key: string | undefined): string | undefined {
    return key === undefined ? undefined : this.#labels.get(key);
  }

  get secrets(): readonly string[] {
    return [...this.#labels.keys()];
  }
}
