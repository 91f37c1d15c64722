import * as pulumi from "@pulumi/pulumi";
import { NOTHING_PUBLISHED, type Publication } from "../lifecycle/rotating/publication";
import type { Declared } from "../lifecycle/rotating/record";
import { rotationAt, type Rotation, type Schedule } from "../lifecycle/rotating/rotation";
import { ROTATION_TEXT } from "../dynamic/providerCode";
import { ROTATION_TOKEN } from "../lifecycle/schema/typeTokens";
import { RegisteredResource, type Registration } from "./registeredResource";
import { previewFlag } from "./previewFlag";

/** A value each part of which may be an output. */
type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> };

/** Content whose parts a preview may not know. */
type Content = { [K in keyof (Rotation & Publication)]?: (Rotation & Publication)[K] | undefined };

/** A record that exists only in the state. Its `check` computes its content from the previous content. */
class RegisteredRecord extends RegisteredResource {
  /** @param content what the program reads if a targeted run leaves the record out. */
  constructor(
    registration: Registration,
    name: string,
    content: Content,
    declared: { [K in keyof Declared]: Inputs<Declared[K]> },
    options: pulumi.CustomResourceOptions,
  ) {
    const inputs = { ...content, ...declared, ...previewFlag() };
    super(registration, name, inputs, options);
  }
}

/** Of the dynamic provider. */
export const DYNAMIC_RECORD: Registration = { token: ROTATION_TOKEN, providerCode: ROTATION_TEXT };

/** Stores which rotation is due. */
export class RotationRecord extends RegisteredRecord {
  /** Known in a preview too, so that it declares the same keys as the `up` after it. */
  declare readonly generation: pulumi.Output<number>;
  declare readonly startedAt: pulumi.Output<string>;
  declare readonly rotatedAt: pulumi.Output<string>;

  constructor(
    registration: Registration,
    name: string,
    schedule: Schedule,
    options: pulumi.CustomResourceOptions,
  ) {
    super(registration, name, rotationAt(schedule), { of: name, schedule }, options);
  }
}

/** The inputs of a publication record: the time and an assumption, or a key to publish. */
export type PublicationChange = {
  [K in "time" | "atLeast" | "confirmation"]?: Inputs<NonNullable<Declared[K]>>;
};

/** Stores which key is published, and which one was before. */
export class PublicationRecord extends RegisteredRecord {
  declare readonly number: pulumi.Output<number>;
  declare readonly order: pulumi.Output<number>;
  declare readonly previousNumber: pulumi.Output<number>;
  declare readonly isOver: pulumi.Output<boolean>;
  declare readonly validUntil: pulumi.Output<string | undefined>;

  constructor(
    registration: Registration,
    name: string,
    of: string,
    change: PublicationChange,
    options: pulumi.CustomResourceOptions,
  ) {
    super(registration, name, { ...NOTHING_PUBLISHED, validUntil: undefined }, { of, ...change }, options);
  }

  /** Decides which keys are declared. Known in a preview too. */
  get decided(): pulumi.Output<Omit<Publication, "validUntil">> {
    const { number, order, previousNumber, isOver } = this;
    return pulumi.output({ number, order, previousNumber, isOver });
  }
}
