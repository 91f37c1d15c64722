import type { Memory } from "../memory";
import { specFor, type KeySpec, type Program, type StackName } from "../model";
import type { Action, Turn } from "../turn";
import type { KeySeen, ResourceSeen } from "../world";

/** What a rule judges: a step that was played, and what was known before it. */
export interface Evidence extends Turn {
  memory: Memory;
  /** A label for a fingerprint, so that a finding reads the same in every run. */
  nameOf(fingerprint: string): string;
  labelOf(fingerprint: string): string | undefined;
  /** The program that each stack ran last, that of this step included. */
  programs: ReadonlyMap<StackName, Program>;
}

/** Says what is wrong, once for each case; nothing when all is well. */
export type Rule = (evidence: Evidence) => string[];

/** Resources whose key is in use: not replaced by another, and not removed in order to be replaced. */
export function isLive({ isReplaced, isRemoved }: ResourceSeen): boolean {
  return !isReplaced && !isRemoved;
}

export function wasTracked(evidence: Evidence, fingerprint: string): boolean {
  return evidence.before.resources.some((resource) => resource.fingerprint === fingerprint);
}

export function isTracked(evidence: Evidence, fingerprint: string): boolean {
  return evidence.after.resources.some((resource) => resource.fingerprint === fingerprint);
}

export function actionOf({ actions }: Evidence, stack: StackName): Action | undefined {
  return actions.find((action) => action.stack === stack);
}

/** What the programs of this step declare for a key: for its resource, or by adopting it. */
export function specsFor(evidence: Evidence, fingerprint: string): KeySpec[] {
  const owners = [...evidence.before.resources, ...evidence.after.resources].filter(
    (resource) => resource.fingerprint === fingerprint,
  );
  return evidence.actions.flatMap(({ stack, step }) => {
    if (step.kind !== "up") return [];
    const owned = owners
      .filter((resource) => resource.stack === stack)
      .flatMap((resource) => specFor(step.program, resource.name) ?? []);
    return [...owned, ...adoptersOf(step.program, evidence.labelOf(fingerprint))];
  });
}

export function adoptersOf({ keys }: Program, label: string | undefined): KeySpec[] {
  return keys.filter(({ adopt }) => adopt !== undefined && adopt === label);
}

/** Keys that were there and are not any more, and that nothing but the step's own requests can have removed. */
export function removedKeys({ before, after, touched }: Evidence): KeySeen[] {
  return [...before.keys.values()].filter(
    ({ fingerprint }) => !after.keys.has(fingerprint) && !touched.has(fingerprint),
  );
}

/** Whether the response to the key's removal was lost. */
export function isRemovalUnclear({ journal }: Evidence, key: KeySeen): boolean {
  return journal.some(
    ({ path, body, fault, applied }) =>
      path === "/auth/proxy/remove" && applied && fault !== undefined && keyIn(body) === key.key,
  );
}

function keyIn(body: unknown): unknown {
  return typeof body === "object" && body !== null && "proxy_key" in body ? body.proxy_key : undefined;
}
