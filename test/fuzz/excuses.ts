import { isDeepStrictEqual } from "node:util";
import { isRotating, type KeySpec, type Program } from "./model";
import { leavesOutRestriction } from "./restrictions";
import { isLive, type Evidence } from "./rules/rule";
import type { Action } from "./turn";

interface Excuse {
  /** Matches the output. */
  output: RegExp;
  /** Whether the program or the account justifies it. */
  holds(action: Action, evidence: Evidence): boolean;
}

const always = (): boolean => true;

/** Why a command may fail although no fault was injected. */
const EXCUSES: Readonly<Record<string, Excuse>> = {
  protected: {
    output: /is protected|protected resource|cannot be deleted|marked for protection/i,
    holds: ({ stack }, { before }) => before.resources.some((one) => one.stack === stack && one.isProtected),
  },
  used: {
    output: /key was used .* ago, and refuseIfUsedWithin/,
    holds: (_, { before }) => [...before.keys.values()].some(({ lastUsedUnixS }) => lastUsedUnixS !== null),
  },
  replacedByItself: {
    output: /needs a new key, but `adopt` names the key/,
    holds: ({ step }) => step.kind === "up" && step.program.keys.some(({ adopt }) => adopt !== undefined),
  },
  adoption: {
    output: /adopt/i,
    holds: ({ step, stack }, evidence) =>
      step.kind === "up" &&
      step.program.keys.some((spec) => isAdoptionRefused(spec, stack, step.program, evidence)),
  },
  duplicate: { output: /duplicate resource/i, holds: always },
  target: {
    output:
      /can only be used if|was not found|not in the plan|not specified in --target|untargeted|depends on it|is a parent of/i,
    holds: ({ step }) => "target" in step && step.target !== undefined,
  },
  gone: {
    output: /404|not there|no such key/i,
    holds: ({ stack }, { before }) =>
      before.resources.some((one) => one.stack === stack && !before.keys.has(one.fingerprint)),
  },
  expired: {
    output: /expire/i,
    holds: ({ stack }, { before, endedAtS }) =>
      before.resources.some((one) => {
        const expiresAt = before.keys.get(one.fingerprint)?.expiresAtUnixS ?? -1;
        return one.stack === stack && expiresAt >= 0 && expiresAt <= endedAtS;
      }),
  },
};

/** Why the command may have failed. undefined: the model knows no reason. */
export function excuseFor(action: Action, evidence: Evidence): string | undefined {
  return Object.entries(EXCUSES).find(
    ([, { output, holds }]) => output.test(action.output) && holds(action, evidence),
  )?.[0];
}

/** The key does not exist, is on another account, has a restriction that is left out, or another declared resource has or adopts it. */
function isAdoptionRefused(
  spec: KeySpec,
  stack: string,
  program: Program,
  { before, labelOf }: Evidence,
): boolean {
  const { adopt, account = "main" } = spec;
  if (adopt === undefined) return false;
  const key = [...before.keys.values()].find(({ fingerprint }) => labelOf(fingerprint) === adopt);
  if (key === undefined || key.account !== account || leavesOutRestriction(spec, key)) return true;
  const others = program.keys.filter((other) => other !== spec && !isDeepStrictEqual(other, spec));
  if (others.some((other) => other.adopt === adopt)) return true;
  const holders = before.resources.filter((one) => one.stack === stack && isLive(one));
  return holders.some(
    ({ fingerprint, name }) =>
      labelOf(fingerprint) === adopt &&
      name !== spec.resource &&
      (isRotating(name) || others.some(({ resource }) => resource === name)),
  );
}
