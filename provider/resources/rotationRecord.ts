import type * as pulumi from "@pulumi/pulumi";
import { NOTHING_PUBLISHED, type Confirmation, type Publication, type Time } from "../lifecycle/publication";
import { rotationAt, type Rotation, type Schedule } from "../lifecycle/rotation";
import { ROTATION_TEXT } from "../dynamic/providerCode";
import { ROTATION_TOKEN } from "../lifecycle/schema/typeTokens";
import { DynamicResource } from "./dynamicResource";

/** A record in the state alone; asks no API. What it holds is decided by its `check`, from what it held before. */
class Record extends DynamicResource {
  constructor(name: string, inputs: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
    super({ token: ROTATION_TOKEN, providerCode: ROTATION_TEXT }, name, inputs, options);
  }
}

/** Remembers which rotation is due. */
export class RotationRecord extends Record {
  declare readonly rotation: pulumi.Output<Rotation>;

  constructor(name: string, schedule: Schedule, options: pulumi.CustomResourceOptions) {
    super(name, { schedule, rotation: rotationAt(schedule) }, options);
  }
}

/** What a publication record is registered with: the time and what to assume; or what to publish. */
export type PublicationChange =
  | { time: Time; published: Publication }
  | { confirmation: { [K in keyof Confirmation]: pulumi.Input<Confirmation[K]> } };

/** Remembers which key is published, and which one was before. */
export class PublicationRecord extends Record {
  /** Undefined where a targeted run leaves the record out. */
  declare readonly published: pulumi.Output<Publication | undefined>;

  constructor(name: string, change: PublicationChange, options: pulumi.CustomResourceOptions) {
    super(name, { published: NOTHING_PUBLISHED, ...change }, options);
  }
}
