import { isDeepStrictEqual } from "node:util";

import type { ResourceSeen } from "../fixture";
import { isRotating, specFor } from "../model";
import type { Action } from "../turn";
import {
  actionOf,
  adoptersOf,
  isLive,
  isRemovalUnclear,
  isTracked,
  removedKeys,
  specsFor,
  wasTracked,
  type Evidence,
  type Rule,
} from "./rule";

/** Every key that a live resource names exists. */
export const liveKeysExist: Rule = (evidence) =>
  evidence.after.resources
    .filter(isLive)
    .filter(
      ({ fingerprint }) => !evidence.after.keys.has(fingerprint) && !evidence.memory.gone.has(fingerprint),
    )
    .filter((resource) => !isOwnRemovalInDoubt(resource, evidence))
    .map(
      ({ stack, name, fingerprint }) =>
        `${stack}/${name} is in the state, and its key ${evidence.nameOf(fingerprint)} is gone`,
    );

/** The resource's key was removed but its response was lost, so the engine keeps the resource. */
function isOwnRemovalInDoubt(resource: ResourceSeen, evidence: Evidence): boolean {
  const { fingerprint, stack, name } = resource;
  const key = evidence.before.keys.get(fingerprint);
  const action = actionOf(evidence, stack);
  if (key === undefined || action === undefined || action.ok || !isRemovalUnclear(evidence, key))
    return false;
  const sharers = evidence.after.resources.filter(
    (other) => other.fingerprint === fingerprint && other.urn !== resource.urn && isLive(other),
  );
  if (sharers.length > 0) return false;
  if (action.step.kind !== "up") return action.step.kind === "destroy";
  const spec = specFor(action.step.program, name);
  // A key of the rotation is removed while the rotation is still declared.
  return (
    spec === undefined ||
    isRotating(name) ||
    spec.deleteBeforeReplace === true ||
    spec.triggerFrom !== undefined
  );
}

/** A key that the program adopts is not removed by the same `up`. */
export const adoptedKeysStay: Rule = (evidence) =>
  removedKeys(evidence)
    .filter(({ fingerprint }) =>
      evidence.actions.some(
        (action) =>
          action.step.kind === "up" &&
          adoptersOf(action.step.program, evidence.labelOf(fingerprint)).length > 0 &&
          !isTargetedRemoval(action, fingerprint, evidence),
      ),
    )
    .map(({ fingerprint }) => `${evidence.nameOf(fingerprint)} was removed although the program adopts it`);

/**
 * `--target` requested the removal of the only resource with the key. The engine then does not call the provider for the
 * resource that would adopt it.
 */
function isTargetedRemoval({ stack, step }: Action, fingerprint: string, { before }: Evidence): boolean {
  if (step.kind !== "up" || step.target === undefined || specFor(step.program, step.target)) return false;
  const holders = before.resources.filter((resource) => resource.fingerprint === fingerprint);
  return holders.every((resource) => resource.stack === stack && resource.name === step.target);
}

/** A new key is in a state. If the response to its creation was lost, the output names it. */
export const newKeysAreTracked: Rule = (evidence) => {
  const { before, after, touched, journal, actions } = evidence;
  const lost = journal.filter(
    ({ path, fault, applied }) => path === "/auth/proxy/create" && fault && applied,
  );
  const lostNames = lost.flatMap(({ body }) =>
    typeof body === "object" && body !== null && "name" in body && typeof body.name === "string"
      ? [body.name]
      : [],
  );
  return [...after.keys.values()]
    .filter(({ fingerprint }) => !before.keys.has(fingerprint) && !touched.has(fingerprint))
    .filter(({ fingerprint }) => !isTracked(evidence, fingerprint))
    .flatMap(({ fingerprint, name }) => {
      const what = `${evidence.nameOf(fingerprint)} (${JSON.stringify(name)}) was made, and no state has it`;
      if (lost.length === 0) return [`${what}; no response was lost`];
      const words = [name, fingerprint, ...lostNames];
      const isNamed = actions.some(({ output }) => words.some((word) => output.includes(word)));
      return isNamed ? [] : [`${what}; the output does not name it`];
    });
};

/** A key leaves the state only with its removal, unless the program retains or disables it. */
export const nothingIsLeftBehind: Rule = (evidence) => {
  if (evidence.actions.some(({ step }) => step.kind === "stateDelete")) return [];
  const { before, after } = evidence;
  return before.resources
    .filter(({ fingerprint }) => after.keys.has(fingerprint) && !isTracked(evidence, fingerprint))
    .filter((resource) => {
      const isRetained =
        resource.isRetained ||
        specsFor(evidence, resource.fingerprint).some(({ retain }) => retain) ||
        (isRotating(resource.name) &&
          [...evidence.programs.values()].some(({ rotating }) => rotating?.retain));
      const isDisabled =
        resource.outputs["onDestroy"] === "disable" && !after.keys.get(resource.fingerprint)?.isActive;
      return !isRetained && !isDisabled;
    })
    .map(
      ({ stack, name, fingerprint }) =>
        `${stack}/${name} left the state, and its key ${evidence.nameOf(fingerprint)} is still on the account`,
    );
};

/** Keys that belong to no stack do not change. */
export const foreignKeysAreUnchanged: Rule = (evidence) => {
  const { before, after, touched, actions } = evidence;
  return [...before.keys.values()]
    .filter(({ fingerprint }) => !wasTracked(evidence, fingerprint) && !touched.has(fingerprint))
    .flatMap((key) => {
      const now = after.keys.get(key.fingerprint);
      const name = evidence.nameOf(key.fingerprint);
      if (now === undefined) return [`${name} was no stack's, and is gone`];
      const isAdopted = actions.some(
        ({ step }) =>
          step.kind === "up" && adoptersOf(step.program, evidence.labelOf(key.fingerprint)).length > 0,
      );
      if (isAdopted) return [];
      if (isTracked(evidence, key.fingerprint)) return [`${name} was no stack's, and a resource took it`];
      return isDeepStrictEqual(now, key) ? [] : [`${name} was no stack's, and was changed`];
    });
};

/** No two resources have one key, except while a move from one to the other is not complete. */
export const keysAreNotShared: Rule = (evidence) => {
  const live = evidence.after.resources.filter(isLive);
  return live.flatMap((resource, at) => {
    const sharers = live.slice(at + 1).filter(({ fingerprint }) => fingerprint === resource.fingerprint);
    return sharers
      .filter((sharer) => sharer.stack !== resource.stack || isSettled(resource, evidence))
      .map(
        (sharer) =>
          `${resource.stack}/${resource.name} and ${sharer.stack}/${sharer.name} have the same key ${evidence.nameOf(resource.fingerprint)}`,
      );
  });
};

/** After a whole `up` that succeeded, no move is incomplete. */
function isSettled({ stack }: ResourceSeen, evidence: Evidence): boolean {
  const action = actionOf(evidence, stack);
  return action !== undefined && action.step.kind === "up" && action.ok && action.step.target === undefined;
}

/** A generated name is on one key only, or a key was made twice. */
export const generatedNamesAreUnique: Rule = (evidence) => {
  const { before, after, actions } = evidence;
  const made = [...after.keys.values()].filter(({ name }) => /-[a-z2-7]{7}$/.test(name));
  return made
    .filter(({ name, key }) => made.some((other) => other.name === name && other.key !== key))
    .filter(({ fingerprint }) => !before.keys.has(fingerprint))
    .filter(({ name }) => !actions.some(({ output }) => output.includes(name)))
    .map(
      ({ name, fingerprint }) =>
        `${evidence.nameOf(fingerprint)} has the generated name ${name} of another key`,
    );
};
