/** Programs and steps as plain data, so that a sequence can be stored and played again. */

export const STACKS = ["a", "b"] as const;
export type StackName = (typeof STACKS)[number];

export const ACCOUNTS = ["main", "team"] as const;
export type AccountName = (typeof ACCOUNTS)[number];

/** The inputs of a key that the search varies. */
export interface Settings {
  name?: string;
  budget?: number;
  budgetWindow?: "daily" | "weekly" | "monthly";
  models?: "all" | string[];
  allowedIps?: "any" | string[];
  enabled?: boolean;
  expiresAt?: string;
  expiresIn?: string;
  renewBefore?: string;
  renew?: "extend" | "rotate";
  onDestroy?: "remove" | "disable";
  refuseIfUsedWithin?: string;
  rotationTrigger?: number;
}

export interface KeySpec {
  /** The resource's name. */
  resource: string;
  settings: Settings;
  /** The label of a key to adopt: `k0#1` is the first key of the resource k0, `b/k0#1` that of the stack b. */
  adopt?: string;
  /** The earlier resource whose fingerprint is the `rotationTrigger`. */
  triggerFrom?: string;
  /** The account of an explicit provider. Default: the stack's provider, for "main". */
  account?: AccountName;
  /** The resource's name in the previous program. */
  alias?: string;
  protect?: boolean;
  retain?: boolean;
  deleteBeforeReplace?: boolean;
  ignoreChanges?: (keyof Settings)[];
  replaceOnChanges?: (keyof Settings)[];
}

/** A `RotatingProxyKey` named "rot" that rotates every 72 hours with an overlap of 24. */
export interface RotatingSpec {
  /** The time of the run, in hours since the sequence began. */
  nowH: number;
  settings: Pick<Settings, "budget" | "models" | "enabled" | "budgetWindow">;
  retain?: boolean;
}

export const OVERLAP_H = 24;
export const ROTATE_EVERY_H = 72;

export interface Program {
  keys: KeySpec[];
  rotating?: RotatingSpec;
}

export const ENDPOINTS = ["create", "update", "toggle", "remove", "lookup", "list"] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

export type FaultKind =
  | "400"
  | "401"
  | "402"
  | "403"
  | "403cap"
  | "404bare"
  | "429"
  | "500"
  | "500applied"
  | "cutBefore"
  | "cutAfter"
  | "midBody"
  | "html200";

export interface Fault {
  kind: FaultKind;
  at: Endpoint;
  /** The number of requests to hit. Default: 1. */
  times?: number | "always";
  /** The number of requests to skip first. Default: 0. */
  skip?: number;
  /** Holds the request until the `meanwhile` command has ended. */
  hold?: true;
  /** In a stored sequence: the fault need not hit a request. */
  mayMiss?: true;
}

interface Operation {
  /** Default: "a". */
  stack?: StackName;
  faults?: Fault[];
  /** In a stored sequence: the expected result. */
  expect?: "success" | "failure";
}

export interface Up extends Operation {
  kind: "up";
  program: Program;
  refresh?: boolean;
  target?: string;
  replace?: string;
  continueOnError?: boolean;
  /** One operation at a time, in the program's order. */
  serial?: boolean;
  /** The command of another stack during this one's held requests, or at the same time if none is held. */
  meanwhile?: Up;
}

export interface Refresh extends Operation {
  kind: "refresh";
  runProgram?: boolean;
}

export interface Destroy extends Operation {
  kind: "destroy";
  target?: string;
  continueOnError?: boolean;
}

export const OUTSIDE_CHANGES = [
  "remove",
  "disable",
  "rename",
  "budget",
  "models",
  "expireSoon",
  "expireFar",
  "expired",
  "spend",
  "age",
] as const;

export type Step =
  | Up
  | Refresh
  | Destroy
  /** `pulumi state delete` of one resource. */
  | { kind: "stateDelete"; stack?: StackName; target: string }
  /** A change of a resource's key on the account, outside of Pulumi. */
  | { kind: "outside"; stack?: StackName; target: string; what: (typeof OUTSIDE_CHANGES)[number] }
  /** Adds a key that belongs to no stack to an account. */
  | { kind: "foreign"; account: AccountName; name: string };

export interface Sequence {
  /** Its subject in one line. */
  about?: string;
  /** Its seed, which also decides the API's dialect. Default: 0, the default dialect. */
  seed?: number;
  steps: Step[];
}

/** The names that a key's resource may have in a state. */
export function namesOf({ resource, alias }: KeySpec): string[] {
  return alias === undefined ? [resource] : [resource, alias];
}

/** Returns a resource's declaration. All keys of the rotation share one. */
export function specFor({ keys, rotating }: Program, resource: string): KeySpec | undefined {
  if (!isRotating(resource)) return keys.find((spec) => namesOf(spec).includes(resource));
  return rotating === undefined ? undefined : { resource, settings: { budget: 3, ...rotating.settings } };
}

/** Whether a resource is a temporary key of the rotation. */
export function isRotating(resource: string): boolean {
  return resource.startsWith("rot-");
}
