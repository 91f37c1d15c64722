import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "./proxyKey";
import { refuseDeletedWith } from "./refuseDeletedWith";
import { refuseImport } from "./refuseImport";
import { PROPERTY_NAMES, type ProxyKeyArgs } from "./proxyKeyArgs";
import { assumedBefore, hasOverlap } from "../lifecycle/rotating/publication";
import { rotatesAt, type Schedule } from "../lifecycle/rotating/rotation";
import { ROTATING_PROXY_KEY_TOKEN } from "../lifecycle/schema/typeTokens";
import { UNKNOWN } from "../lifecycle/schema/unknown";
import { pulumiTypeOf } from "./pulumiType";
import { declaredBy, readArgs, type RotatingProxyKeyArgs } from "./rotatingProxyKeyArgs";
import type { Registration } from "./registeredResource";
import { DYNAMIC_RECORD, PublicationRecord, RotationRecord, type PublicationChange } from "./rotationRecord";

/** What a component uses of its keys. */
export type RotatedKey = Pick<ProxyKey, "key" | "fingerprint"> & pulumi.Resource;

/** How a door registers the children of the component. @internal */
export interface RotationParts {
  newKey: (name: string, args: ProxyKeyArgs, options: pulumi.CustomResourceOptions) => RotatedKey;
  record: Registration;
}

type Aliases = NonNullable<pulumi.ComponentResourceOptions["aliases"]>;

/** The keys of one run. */
interface Keys {
  current: RotatedKey;
  previous: RotatedKey | undefined;
  rotatesAt: pulumi.Output<string>;
  previousValidUntil: pulumi.Output<string | undefined>;
}

/**
 * A proxy key that is regularly replaced by a new one. The published key always works. Each key has the component's settings
 * and `labels`.
 *
 * `pulumi up` rotates: run it on a schedule, for example once a day. The first `up` in a new period creates a key and
 * publishes it as `current`. The key before stays valid as `previous` during `overlap`, and the first `up` after that
 * removes it. Nothing happens between runs, so a missed run only delays the rotation. The overlap starts with the run that
 * created the new key: an `up` that fails before that keeps the published key. A key is removed at the end of an `up` that
 * succeeds, so that a consumer that could not be updated keeps a key that works. After such an `up` there are at most two keys.
 */
export class RotatingProxyKey extends pulumi.ComponentResource {
  /** @internal */
  static readonly __pulumiType = ROTATING_PROXY_KEY_TOKEN;

  /** @internal */
  static readonly __parts: RotationParts = {
    newKey: (name, args, options) => new ProxyKey(name, args, options),
    record: DYNAMIC_RECORD,
  };

  /** Whether a value is a `RotatingProxyKey`, also of another copy of the package, and of a policy pack's resources. */
  static override isInstance(value: unknown): value is RotatingProxyKey {
    return pulumiTypeOf(value) === ROTATING_PROXY_KEY_TOKEN;
  }

  /** The published key, a secret. */
  readonly current: pulumi.Output<string>;
  /** The key that was published before, a secret. Undefined outside of the overlap. */
  readonly previous: pulumi.Output<string | undefined>;
  /** The fingerprint of `current`, not a secret. */
  readonly currentFingerprint: pulumi.Output<string>;
  /** The fingerprint of `previous`. Undefined outside of the overlap. */
  readonly previousFingerprint: pulumi.Output<string | undefined>;
  /**
   * The first `up` at or after this instant rotates.
   *
   * Unit: an ISO 8601 instant.
   */
  readonly rotatesAt: pulumi.Output<string>;
  /**
   * The first `up` at or after this instant removes `previous`. Undefined outside of the overlap.
   *
   * Unit: an ISO 8601 instant.
   */
  readonly previousValidUntil: pulumi.Output<string | undefined>;
  /** Resolves once all keys and records of the run are declared, or cannot be. */
  readonly #declared: Promise<unknown>;
  readonly #parts: RotationParts;

  /**
   * @param name the resource's name in the stack. The keys are named after it.
   * @param args the keys' settings and when to rotate.
   * @param options of a component. `protect` applies to the published key only, so that rotated keys can be removed.
   *   `ignoreChanges` applies to the settings of a key that exists; the next key has the program's. `retainOnDelete` and
   *   `deletedWith` are refused: keys would stay on the account with their credits.
   * @throws RunError for an invalid schedule, or an input that the rotation decides itself.
   */
  constructor(name: string, args: RotatingProxyKeyArgs, options: pulumi.ComponentResourceOptions = {}) {
    refuseImport("RotatingProxyKey", name, options, INSTEAD_OF_IMPORT);
    const { schedule, settings } = readArgs(name, args);
    refuseRetain(name, options);
    refuseDeletedWith("RotatingProxyKey", name, options);
    super(ROTATING_PROXY_KEY_TOKEN, name, declaredBy(args), options);

    this.#parts = new.target.__parts;
    const { aliases = [], ignoreChanges = [] } = options;
    const plan = new RotationRecord(this.#parts.record, name, schedule, {
      parent: this,
      aliases: formerNames(name, aliases),
    });
    const keys = plan.generation.apply((generation) =>
      this.#declare(name, settings, schedule, { plan, generation }, { aliases, ignoreChanges }),
    );
    this.#declared = settled(keys);
    this.current = pulumi.secret(keys.apply(({ current }) => current.key));
    this.previous = pulumi.secret(keys.apply(({ previous }) => pulumi.output(previous?.key)));
    this.currentFingerprint = keys.apply(({ current }) => current.fingerprint);
    this.previousFingerprint = keys.apply(({ previous }) => pulumi.output(previous?.fingerprint));
    this.rotatesAt = keys.apply((of) => of.rotatesAt);
    this.previousValidUntil = keys.apply((of) => of.previousValidUntil);
    this.registerOutputs(this.__outputs);
  }

  /** @internal */
  get __outputs(): pulumi.Inputs {
    const { current, previous, currentFingerprint, previousFingerprint, rotatesAt, previousValidUntil } =
      this;
    return { current, previous, currentFingerprint, previousFingerprint, rotatesAt, previousValidUntil };
  }

  /**
   * What `dependsOn` awaits before it looks at the component's children, which are made within an `apply`. The base class
   * calls it before this class has its fields.
   */
  protected override async initialize(): Promise<void> {
    await Promise.resolve();
    await this.#declared;
  }

  /**
   * A record is read when it is registered, and cannot be written later in the same run. So there are two: the one of the
   * previous rotation is read first and decides which key to declare; the other is written once that key exists.
   */
  #declare(
    name: string,
    settings: ProxyKeyArgs,
    schedule: Schedule,
    { plan, generation }: { plan: RotationRecord; generation: number },
    { aliases, ignoreChanges }: { aliases: Aliases; ignoreChanges: string[] },
  ): pulumi.Output<Keys> {
    const { nowMs, overlapMs } = schedule;
    const time = { nowMs, overlapMs };
    const childOptions = (suffix: string) => ({
      parent: this,
      aliases: formerNames(name, aliases, suffix),
    });
    const keys = new Map<number, RotatedKey>();
    const keyOf = (number: number, options: pulumi.CustomResourceOptions = {}) => {
      const key =
        keys.get(number) ??
        this.#parts.newKey(
          `${name}-${number}`,
          { ...settings, rotationTrigger: number },
          { ...childOptions(`-${number}`), ignoreChanges: withoutTrigger(ignoreChanges), ...options },
        );
      keys.set(number, key);
      return key;
    };
    const recordOf = (of: number, change: PublicationChange) => {
      const suffix = of % 2 === 0 ? "-even" : "-odd";
      const record = this.#parts.record;
      return new PublicationRecord(record, `${name}${suffix}`, name, change, childOptions(suffix));
    };

    const before = recordOf(generation + 1, { time, atLeast: assumedBefore(generation) });
    return before.decided.apply((other) => {
      // A key that was published late still has its predecessor. The rotation waits, so that there is no third key.
      const isHeld = hasOverlap(other);
      const number = isHeld ? other.number : Math.max(generation, other.number + 1);
      const next = keyOf(number);
      const record = recordOf(
        generation,
        // Both records then know what is published, so that neither can be lost alone.
        isHeld
          ? { time, atLeast: { ...other, validUntil: valueOf(before.validUntil) } }
          : { confirmation: { ...time, number, fingerprint: valueOf(next.fingerprint), other } },
      );
      return record.decided.apply((confirmed): Keys => {
        // A targeted run that leaves the record or the key out publishes nothing new.
        const [published, { validUntil }] =
          confirmed.order > other.order ? [confirmed, record] : [other, before];
        const isOverlap = hasOverlap(published);
        const previousValidUntil = isOverlap ? validUntil : pulumi.output(undefined);
        return {
          current: published.number < 0 ? next : keyOf(published.number),
          // An `up` that does not declare it any more must be able to remove it.
          previous: isOverlap
            ? keyOf(published.previousNumber, { protect: false, retainOnDelete: false })
            : undefined,
          rotatesAt: pulumi
            .all([plan.startedAt, plan.rotatedAt, previousValidUntil])
            .apply(([startedAt, rotatedAt, until]) =>
              rotatesAt(schedule, { generation, startedAt, rotatedAt }, isHeld, until),
            ),
          previousValidUntil,
        };
      });
    });
  }
}

const INSTEAD_OF_IMPORT =
  "Leave it out: the component creates the keys that it rotates. To take over an existing key, declare a `ProxyKey` with the input `adopt: KEY`.";

function refuseRetain(name: string, { retainOnDelete }: pulumi.ComponentResourceOptions): void {
  if (retainOnDelete !== true) return;
  throw new pulumi.RunError(
    `RotatingProxyKey ${JSON.stringify(name)}: retainOnDelete would leave every rotated key on the account; use protect`,
  );
}

/** Resolves also if the output stays unknown or fails: the SDK reports failures of registrations. */
function settled(output: pulumi.Output<unknown>): Promise<unknown> {
  return valueOf(output).catch(() => undefined);
}

/**
 * What a record waits for without a dependency: before a resource that a targeted run leaves out, the engine declares all that
 * its state depends on, and then refuses the program's declaration of the same. Undefined for a key that was not created.
 */
async function valueOf<T>(output: pulumi.Output<T>): Promise<T | typeof UNKNOWN> {
  // Every output has these, which the SDK uses throughout, but leaves out of its types.
  const internals = output as unknown as { promise(): Promise<T>; isKnown: Promise<boolean> };
  const isOpen = pulumi.runtime.isDryRun() && !(await internals.isKnown);
  return isOpen ? UNKNOWN : internals.promise();
}

/**
 * The names of a child below the component's former ones. The engine derives them only in the run that renames the component; if
 * that run fails, the next one still has to find the children that it did not come to.
 */
function formerNames(name: string, aliases: Aliases, suffix = ""): pulumi.Input<pulumi.Alias>[] {
  return aliases.map((alias) =>
    pulumi.output(alias).apply((former) => {
      const isUrn = typeof former === "string";
      const formerName = isUrn
        ? former.slice(former.lastIndexOf("::") + 2)
        : (former as { name?: string }).name;
      return { name: `${formerName ?? name}${suffix}` };
    }),
  );
}

/** An ignored trigger would keep a key that is due to be replaced, and publish it again. */
function withoutTrigger(ignoreChanges: readonly string[]): string[] {
  return ignoreChanges
    .flatMap((path) => (path === "*" ? PROPERTY_NAMES : path))
    .filter((path) => path !== "rotationTrigger");
}
