import { excuseFor } from "../excuses";
import { isRotating, namesOf, specFor, type StackName } from "../model";
import { adoptersOf, isLive, removedKeys, type Evidence, type Rule } from "./rule";

/** No client may delete all keys, put a key into a URL, or toggle blindly. */
export const apiIsNotAbused: Rule = ({ violations }) =>
  violations.map(({ kind, path }) => `${kind}: ${path}`);

/** `protect` and `retainOnDelete` keep a key until the program drops them. */
export const protectedKeysStay: Rule = (evidence) =>
  removedKeys(evidence).flatMap(({ fingerprint }) =>
    evidence.before.resources
      .filter((resource) => resource.fingerprint === fingerprint && !isRotating(resource.name))
      .filter(({ stack, isProtected, isRetained, isReplaced, name }) => {
        const action = evidence.actions.find((one) => one.stack === stack);
        const spec = action?.step.kind === "up" ? specFor(action.step.program, name) : undefined;
        const isUnprotected = spec !== undefined && !spec.protect;
        const isReleased = spec !== undefined && !spec.retain;
        return (
          (isProtected && !isReplaced && !isUnprotected) ||
          (isRetained && !isReleased && !isHandedOver(stack, name, fingerprint, evidence))
        );
      })
      .map(
        ({ stack, name }) =>
          `${stack}/${name}: ${evidence.nameOf(fingerprint)} was removed despite its options`,
      ),
  );

/**
 * In the stack's last program, whose `up` failed elsewhere, another resource has the key and does not retain it, so the
 * removal of that resource removes the key.
 */
function isHandedOver(stack: StackName, name: string, fingerprint: string, evidence: Evidence): boolean {
  const program = evidence.programs.get(stack);
  if (program === undefined || specFor(program, name)) return false;
  const heirs = adoptersOf(program, evidence.labelOf(fingerprint));
  return evidence.before.resources.some(
    (resource) =>
      resource.stack === stack &&
      resource.fingerprint === fingerprint &&
      isLive(resource) &&
      !resource.isRetained &&
      heirs.some((heir) => heir.resource === resource.name && !heir.retain),
  );
}

/** Only `up` and `destroy` remove keys. */
export const onlyUpAndDestroyRemove: Rule = (evidence) =>
  evidence.actions.some(({ step }) => step.kind === "up" || step.kind === "destroy")
    ? []
    : removedKeys(evidence).map(
        ({ fingerprint }) => `${evidence.step.kind} removed ${evidence.nameOf(fingerprint)}`,
      );

/** A resource keeps its key until the program requests another one. */
export const keysAreKept: Rule = (evidence) =>
  evidence.actions.flatMap(({ stack, step }) => {
    if (step.kind !== "up") return [];
    return step.program.keys.flatMap((spec) => {
      const own = evidence.before.resources.filter(
        (resource) => resource.stack === stack && isLive(resource),
      );
      const old = namesOf(spec)
        .map((name) => own.find((resource) => resource.name === name))
        .find((resource) => resource !== undefined);
      if (old === undefined || !evidence.before.keys.has(old.fingerprint)) return [];
      const now = evidence.after.resources.find(
        (resource) => resource.stack === stack && resource.name === spec.resource && isLive(resource),
      );
      if (now?.fingerprint === old.fingerprint) return [];
      const isTriggered =
        !spec.ignoreChanges?.includes("rotationTrigger") &&
        (spec.triggerFrom !== undefined || old.outputs["rotationTrigger"] !== spec.settings.rotationTrigger);
      const adopts = spec.adopt !== undefined && spec.adopt !== evidence.labelOf(old.fingerprint);
      const isAsked =
        step.replace !== undefined && (step.replace === old.name || spec.triggerFrom !== undefined);
      const mayRenew = spec.settings.renew === "rotate" || spec.replaceOnChanges !== undefined;
      if (isTriggered || adopts || isAsked || mayRenew) return [];
      const successor = now === undefined ? "nothing" : evidence.nameOf(now.fingerprint);
      return [
        `${stack}/${spec.resource} gave up ${evidence.nameOf(old.fingerprint)} for ${successor}, unasked`,
      ];
    });
  });

/** A command fails only because of a fault, the program or the account. */
export const failuresAreExplained: Rule = (evidence: Evidence) => {
  if (evidence.faults.some(({ hits }) => hits > 0)) return [];
  return evidence.actions
    .filter((action) => !action.ok && excuseFor(action, evidence) === undefined)
    .map(({ stack, step, output }) => `${step.kind} of ${stack} failed without a fault:\n${lastOf(output)}`);
};

/** In a stored sequence, each command ends as expected, and each fault hits a request. */
export const expectationsAreMet: Rule = ({ actions, faults }) => [
  ...actions.flatMap(({ stack, step, ok, output }) => {
    const expect = "expect" in step ? step.expect : undefined;
    if (expect === undefined || (expect === "success") === ok) return [];
    return [`${step.kind} of ${stack} should be a ${expect}:\n${lastOf(output)}`];
  }),
  ...(actions.some(({ step }) => "expect" in step)
    ? faults
        .filter(({ fault, hits }) => hits === 0 && !fault.mayMiss)
        .map(({ fault }) => `no request hit the fault ${fault.kind} at ${fault.at}`)
    : []),
];

function lastOf(output: string): string {
  return output.slice(Math.max(0, output.lastIndexOf("\nDiagnostics:"))).slice(0, 2_000);
}
