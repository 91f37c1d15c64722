import type * as pulumi from "@pulumi/pulumi";
import {
  NOTHING_PUBLISHED,
  type Confirmation,
  type Publication,
  type Time,
} from "../lifecycle/rotating/publication";
import { rotationAt, type Rotation, type Schedule } from "../lifecycle/rotating/rotation";
import { ROTATION_TEXT } from "../dynamic/providerCode";
import { ROTATION_TOKEN } from "../lifecycle/schema/typeTokens";
import { DynamicResource } from "./dynamicResource";

/** A record that exists only in the state. Its `check` computes its content from the previous content. */
class Record extends DynamicResource {
  constructor(name: string, inputs: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
    super({ token: ROTATION_TOKEN, providerCode: ROTATION_TEXT }, name, inputs, options);
  }
}

/** Stores which rotation is due. */
export class RotationRecord extends Record {
  declare readonly rotation: pulumi.Output<Rotation>;

  constructor(name: string, schedule: Schedule, options: pulumi.CustomResourceOptions) {
    super(name, { schedule, rotation: rotationAt(schedule) }, options);
  }
}

/** The inputs of a publication record: the time and an assumption, or a key to publish. */
export type PublicationChange =
  | { time: Time; published: Publication }
  | { confirmation: { [K in keyof Confirmation]: pulumi.Input<Confirmation[K]> } };

/** Stores which key is published, and which one was before. */
export class PublicationRecord extends Record {
  /** Undefined if a targeted run leaves the record out. */
  declare readonly published: pulumi.Output<Publication | undefined>;

  constructor(name: string, change: PublicationChange, options: pulumi.CustomResourceOptions) {
    super(name, { published: NOTHING_PUBLISHED, ...change }, options);
  }
}
