import * as pulumi from "@pulumi/pulumi";
import { parseDurationMs } from "../api/duration";
import { NEVER, readInstant } from "../lifecycle/instants";
import { ProxyKey, type ProxyKeyArgs } from "./proxyKey";
import { isoOf, rotatesAt, type Rotation, type Schedule } from "../lifecycle/rotation";
import { RotationRecord } from "./rotationRecord";

/**
 * What the rotation decides itself. Names have to be generated, so that two keys never share one; the published key must
 * not expire; and what is rotated out is removed, or disabled keys would pile up on the account with their credits.
 */
const OWNED = [
  "name",
  "expiresAt",
  "expiresIn",
  "renewBefore",
  "renew",
  "rotationTrigger",
  "adopt",
  "onDestroy",
] as const;

/** When a rotating key rotates. Plain values, since they decide which keys the stack has. */
export interface RotationArgs {
  /** After which time a new key is made, a duration such as `30d`. */
  rotateEvery: string;
  /** How long the key before stays valid after the `up` that published its successor, a duration such as `3d`; less than `rotateEvery`. */
  overlap: string;
  /** An instant in ISO 8601 at which a period begins; the others follow from it. Default: the first `up`. */
  anchor?: string | undefined;
  /** The time to go by, an instant in ISO 8601; for tests. Default: the time of the run. */
  now?: string | undefined;
}

/** What a program declares of a rotating key: the settings of both its keys, and when to rotate. */
export type RotatingProxyKeyArgs = RotationArgs & Omit<ProxyKeyArgs, (typeof OWNED)[number]>;

/** The trigger of a key that is made in place of a published one that is not there. */
const NEVER_PUBLISHED = -1;

/** The keys of one run. */
interface Keys {
  current: ProxyKey;
  previous: ProxyKey | undefined;
  rotation: Rotation;
}

/**
 * A proxy key that is replaced by a new one every so often, without a moment at which the published one does not work.
 *
 * `pulumi up` does the rotating: run it on a schedule, for example once a day. The first `up` after a period has begun
 * makes a new key and publishes it as `current`. The key before stays valid as `previous` for the time of `overlap`, and
 * the first `up` after that removes it. Between runs nothing happens, so a missed run only makes things later: the overlap
 * is counted from the run that rotated. There are never more than two keys, whenever `up` runs.
 *
 * An `up` that fails keeps the published key. When one fails in the middle of a rotation, the overlap counts from the
 * failure, and the run that mends it may have more keys for a moment.
 */
export class RotatingProxyKey extends pulumi.ComponentResource {
  /** The published key, a secret. */
  readonly current: pulumi.Output<string>;
  /** The key that was published before, a secret; undefined outside of the overlap. */
  readonly previous: pulumi.Output<string | undefined>;
  /** The fingerprint of `current`, which is no secret. */
  readonly currentFingerprint: pulumi.Output<string>;
  /** The fingerprint of `previous`; undefined outside of the overlap. */
  readonly previousFingerprint: pulumi.Output<string | undefined>;
  /** The first `up` at or after this instant rotates; ISO 8601. */
  readonly rotatesAt: pulumi.Output<string>;
  /** `previous` is valid until the first `up` at or after this instant; ISO 8601. Undefined outside of the overlap. */
  readonly previousValidUntil: pulumi.Output<string | undefined>;

  /**
   * @param name the resource's name in the stack. The keys are named after it.
   * @param args the keys' settings and when to rotate.
   * @param options of a component. `protect` and `retainOnDelete` hold for the published key only, or nothing could rotate.
   * @throws Error when the schedule makes no sense, or an input is given that the rotation decides itself.
   */
  constructor(name: string, args: RotatingProxyKeyArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { schedule, settings } = read(name, args);
    // FROZEN CONTRACT: the type in every state.
    super("electronhub:index:RotatingProxyKey", name, {}, options);

    const record = new RotationRecord(name, schedule, { parent: this });
    const keys = record.rotation.apply((rotation) => this.#declare(name, settings, schedule, rotation));
    this.current = pulumi.secret(keys.apply(({ current }) => current.key));
    this.previous = pulumi.secret(keys.apply(({ previous }) => pulumi.output(previous?.key)));
    this.currentFingerprint = keys.apply(({ current }) => current.fingerprint);
    this.previousFingerprint = keys.apply(({ previous }) => pulumi.output(previous?.fingerprint));
    this.rotatesAt = keys.apply(({ rotation }) => rotatesAt(schedule, rotation));
    this.previousValidUntil = keys.apply(({ rotation }) => rotation.previousValidUntil);
    this.registerOutputs({
      current: this.current,
      previous: this.previous,
      currentFingerprint: this.currentFingerprint,
      previousFingerprint: this.previousFingerprint,
      rotatesAt: this.rotatesAt,
      previousValidUntil: this.previousValidUntil,
    });
  }

  #declare(
    name: string,
    settings: ProxyKeyArgs,
    schedule: Schedule,
    rotation: Rotation,
  ): pulumi.Output<Keys> {
    const { generation, rotatedAt, previousValidUntil } = rotation;
    const slot = (of: number, rotationTrigger: number, options: pulumi.CustomResourceOptions) =>
      new ProxyKey(
        `${name}-${of % 2 === 0 ? "a" : "b"}`,
        { ...settings, rotationTrigger },
        { parent: this, ...options },
      );
    if (previousValidUntil === undefined) {
      return pulumi.output({ current: slot(generation, generation, {}), previous: undefined, rotation });
    }
    const previous = slot(generation - 1, NEVER_PUBLISHED, {
      // Whatever this slot holds is kept. Only an empty one, of a rotation that failed, gets the other trigger.
      ignoreChanges: ["rotationTrigger"],
      // It has to be removable when its time comes, also by an `up` that declares it no more.
      protect: false,
      retainOnDelete: false,
    });
    return previous.rotationTrigger.apply((published): Keys => {
      // In the run that rotates, the other slot holds at most the key before the published one, when no `up` came by to
      // remove it: gone first, so that there is no third key. Where that is not certain, it may hold the published key.
      const deleteBeforeReplace = rotatedAt === isoOf(schedule.nowMs) && published === generation - 1;
      return { current: slot(generation, generation, { deleteBeforeReplace }), previous, rotation };
    });
  }
}

function read(name: string, args: RotatingProxyKeyArgs): { schedule: Schedule; settings: ProxyKeyArgs } {
  const { rotateEvery, overlap, anchor, now, ...settings } = args;
  const refuse = (why: string): never => {
    throw new Error(`RotatingProxyKey ${JSON.stringify(name)}: ${why}`);
  };
  const owned = OWNED.find((input) => (settings as ProxyKeyArgs)[input] !== undefined);
  if (owned !== undefined) refuse(`${owned} is decided by the rotation; leave it out`);
  const durationMs = (input: string, value: unknown): number => {
    const ms = typeof value === "string" ? parseDurationMs(value) : undefined;
    return ms !== undefined && ms > 0
      ? ms
      : refuse(`${input} must be a duration of more than 0, such as 12h or 30d, and no output`);
  };
  const instantMs = (input: string, value: unknown): number => {
    const instant = typeof value === "string" && value !== NEVER ? readInstant(value) : undefined;
    return instant === undefined
      ? refuse(`${input} must be an ISO 8601 instant such as 2030-01-31T12:00:00Z, and no output`)
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
