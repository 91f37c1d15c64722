import type { KeySeen, ResourceSeen } from "../fixture";
import type { Memory } from "../memory";
import { specFor, type KeySpec, type Program, type StackName } from "../model";
import type { Action, Turn } from "../turn";

/** What a rule judges: a played step, and the memory of earlier ones. */
export interface Evidence extends Turn {
  memory: Memory;
  /** The label of a fingerprint, so that findings are the same in every run. */
  nameOf(fingerprint: string): string;
  labelOf(fingerprint: string): string | undefined;
  /** The last program of each stack, including this step's. */
  programs: ReadonlyMap<StackName, Program>;
}

/** Describes each violation. Empty: none. */
export type Rule = (evidence: Evidence) => string[];

/** Whether the resource uses its key: it was not replaced, and not removed before its replacement. */
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

/** The declarations of a key in this step's programs: of its resource, and of resources that adopt it. */
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

/** Keys that this step's requests removed. */
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
