import type { CheckResult } from "../lifecycle/check";
import type { Limits } from "../lifecycle/accountContext";
import type { Properties } from "../lifecycle/schema/inputs";

/** The resource that the engine asks about. */
export interface Subject {
  urn: string;
  name: string;
}

export interface Difference {
  changes: boolean;
  /** By property: whether its change needs a new resource. */
  properties: ReadonlyMap<string, { needsNew: boolean }>;
  /** Why a value changes that the program did not change, for the user. */
  note?: string | undefined;
}

export interface Found {
  id: string;
  state: Properties;
  inputs: Properties;
}

/** What the engine asks of the resources of one type. Properties are in the form of the plugin's schema, in clear. */
export interface Verbs {
  /** @param seed random bytes that a saved plan and its `up` have in common. */
  check(stored: Properties, declared: Properties, subject: Subject, seed: Uint8Array): Promise<CheckResult>;
  diff(id: string, state: Properties, declared: Properties): Promise<Difference>;
  /**
   * What a preview knows of the outputs.
   *
   * @param state the outputs before an update. Absent: the resource is to be created.
   */
  preview(declared: Properties, state?: Properties): Properties;
  create(declared: Properties, limits: Limits): Promise<{ id: string; state: Properties }>;
  /** @returns undefined when the resource does not exist. */
  read(id: string, state: Properties, limits: Limits, urn: string): Promise<Found | undefined>;
  update(id: string, state: Properties, declared: Properties, limits: Limits): Promise<Properties>;
  delete(id: string, state: Properties, limits: Limits, urn: string): Promise<void>;
}
