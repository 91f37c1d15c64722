import * as pulumi from "@pulumi/pulumi";
import { parseDurationMs } from "../util/duration";
import { labelsFault } from "../lifecycle/labels";
import { NEVER, readInstant } from "../lifecycle/schema/instants";
import type { Schedule } from "../lifecycle/rotating/rotation";
import type { ProxyKeyArgs } from "./proxyKeyArgs";

/**
 * Inputs that the rotation decides itself. Names are generated, so that two keys never share one; the published key must
 * not expire; and a rotated key is removed, since disabled keys would keep their credits.
 */
export const DECIDED_BY_ROTATION = [
  "name",
  "expiresAt",
  "expiresIn",
  "renewBefore",
  "renew",
  "rotationTrigger",
  "adopt",
  "onDestroy",
] as const;

/** When a rotating key rotates. Plain values: they decide which resources the stack has. */
export interface RotationArgs {
  /**
   * The time after which a new key is created.
   *
   * Unit: a duration such as `12h` or `30d`.
   *
   * Required.
   */
  rotateEvery: string;
  /**
   * How long the previous key stays valid after the `up` that published its successor.
   *
   * Unit: a duration such as `12h` or `3d`, less than `rotateEvery`.
   *
   * Required.
   */
  overlap: string;
  /**
   * An instant at which a period begins; the others follow from it.
   *
   * Unit: an ISO 8601 instant.
   *
   * @default the first `up`
   */
  anchor?: string | undefined;
  /**
   * The current time, for tests.
   *
   * Unit: an ISO 8601 instant.
   *
   * @default the time of the run
   */
  now?: string | undefined;
}

/** The settings of a rotating key's keys, and when it rotates. */
export type RotatingProxyKeyArgs = RotationArgs & Omit<ProxyKeyArgs, (typeof DECIDED_BY_ROTATION)[number]>;

/** What the component registers, so that policies see it: without the time of the run, or every run would change it. */
export function declaredBy({ labels, ...args }: RotatingProxyKeyArgs): pulumi.Inputs {
  if (labels === undefined) return { ...args, now: undefined };
  // The engine saves these before the check of the keys refuses a label that holds a secret.
  const sound = pulumi
    .output(labels)
    .apply((known) => (labelsFault(known ?? {}) === undefined ? known : undefined));
  return { ...args, labels: sound, now: undefined };
}

/**
 * Separates the schedule from the keys' settings.
 *
 * @throws RunError when the schedule makes no sense, or an input is given that the rotation decides itself.
 * @internal
 */
export function readArgs(
  name: string,
  args: RotatingProxyKeyArgs,
): { schedule: Schedule; settings: ProxyKeyArgs } {
  const { rotateEvery, overlap, anchor, now, ...settings } = args;
  const refuse = (why: string): never => {
    throw new pulumi.RunError(`RotatingProxyKey ${JSON.stringify(name)}: ${why}`);
  };
  const owned = DECIDED_BY_ROTATION.find((input) => (settings as ProxyKeyArgs)[input] !== undefined);
  if (owned !== undefined) refuse(`${owned} is decided by the rotation; leave it out`);
  const durationMs = (input: string, value: unknown): number => {
    const ms = typeof value === "string" ? parseDurationMs(value) : undefined;
    return ms !== undefined && ms > 0
      ? ms
      : refuse(`${input} must be a duration of more than 0, such as 12h or 30d; an output is not accepted`);
  };
  const instantMs = (input: string, value: unknown): number => {
    const instant = typeof value === "string" && value !== NEVER ? readInstant(value) : undefined;
    return instant === undefined
      ? refuse(`${input} must be an ISO 8601 instant such as 2030-01-31T12:00:00Z; an output is not accepted`)
      : Date.parse(instant);
  };
  const rotateEveryMs = durationMs("rotateEvery", rotateEvery);
  const overlapMs = durationMs("overlap", overlap);
  if (overlapMs >= rotateEveryMs) {
    refuse(`overlap (${overlap}) must be less than rotateEvery (${rotateEvery})`);
  }
  return {
    schedule: {
      nowMs: now === undefined ? Date.now() : instantMs("now", now),
      rotateEveryMs,
      overlapMs,
      ...(anchor === undefined ? {} : { anchorMs: instantMs("anchor", anchor) }),
    },
    settings,
  };
}
