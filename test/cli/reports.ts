import type { SimulatedKey } from "../../provider/testing";

/** A key, as every report has it. */
export interface ReportedKey {
  name: string;
  fingerprint: string;
  resource: string | null;
  lastUsedAt: string | null;
  unusedCredits: number | null;
  labels?: Record<string, string>;
  outcome: string;
  why?: string;
  nextStep?: string;
}

interface Problem {
  why: string;
  nextStep: string;
}

export interface ReportedStack {
  stack: string;
  outcome: string;
  keys: ReportedKey[];
  otherResources: number;
  creditsReturned: number;
  problems: Problem[];
}

export interface Report {
  command: string;
  dryRun: boolean;
  exitCode: number;
  creditsReturned: number;
  /** Of cleanup. */
  stacks: ReportedStack[];
  /** Of recover. */
  keys: ReportedKey[];
  cleared: number;
  problems: Problem[];
  /** Of orphans. */
  orphans: (ReportedKey & { createdAt: string | null; labels?: Record<string, string> })[];
  stackCount: number;
}

/** What removing these keys gives back. */
export function unusedOf(keys: readonly SimulatedKey[]): number {
  return keys.reduce((sum, { allocatedAmount, usedAmount }) => sum + allocatedAmount - usedAmount, 0);
}

/** What became of each key, by name. */
export function outcomes(keys: readonly ReportedKey[]): Record<string, string> {
  return Object.fromEntries(keys.map(({ name, outcome }) => [name, outcome]));
}

/** The same, by the resource that each was made for. */
export function outcomesByResource(keys: readonly ReportedKey[]): Record<string, string> {
  return Object.fromEntries(keys.map(({ resource, outcome }) => [String(resource), outcome]));
}

/** The outcome of each stack of a cleanup, by name. */
export function stacksOf({ stacks }: Report): Record<string, string> {
  return Object.fromEntries(stacks.map(({ stack, outcome }) => [stack, outcome]));
}
