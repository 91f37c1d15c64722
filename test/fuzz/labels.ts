import type { StackName } from "./model";

/** What the labels need to know of the resource that has a key. */
interface Owner {
  stack: StackName;
  name: string;
}

/**
 * Names for keys that are the same in every run of a sequence: `k0#1` is the first key that the resource k0 of the stack
 * a had, `b/k0#1` that of the stack b, `lost#1` the first one that no state had when it was first seen.
 */
export class Labels {
  readonly #keys = new Map<string, string>();
  readonly #labels = new Map<string, string>();

  give(label: string, key: string): void {
    this.#keys.set(label, key);
    this.#labels.set(key, label);
  }

  /** Labels a key when it is seen for the first time. */
  note(key: string, owner: Owner | undefined): void {
    if (this.#labels.has(key)) return;
    const base =
      owner === undefined ? "lost" : owner.stack === "a" ? owner.name : `${owner.stack}/${owner.name}`;
    let number = 1;
    while (this.#keys.has(`${base}#${number}`)) number += 1;
    this.give(`${base}#${number}`, key);
  }

  /** The key of a label. One that was never given is a key that is on no account. */
  keyOf(label: string): string {
    return this.#keys.get(label) ?? `ek-proxy-never-made-${label.replaceAll(/[^a-z0-9]/gi, "-")}`;
  }

  /** The label of a key, or of none. */
  of(key: string | undefined): string | undefined {
    return key === undefined ? undefined : this.#labels.get(key);
  }

  get secrets(): readonly string[] {
    return [...this.#labels.keys()];
  }
}
