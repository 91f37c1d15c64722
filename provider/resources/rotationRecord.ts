import * as pulumi from "@pulumi/pulumi";
import { rotationAt, type Rotation, type Schedule } from "../lifecycle/rotation";
import { ROTATION_TEXT } from "../lifecycle/shim";
import { MODULE, ROTATION_TOKEN, ROTATION_TYPE } from "../lifecycle/tokens";
import { PLACEHOLDER, withProviderText } from "./providerText";

/** Remembers in the state when a key was rotated. Asks no API. */
export class RotationRecord extends pulumi.dynamic.Resource {
  declare readonly rotation: pulumi.Output<Rotation>;

  constructor(name: string, schedule: Schedule, options: pulumi.CustomResourceOptions) {
    // The rotation of a first `up`: what a preview shows before there is a record. `check` decides otherwise.
    const inputs = { schedule, rotation: rotationAt(schedule) };
    const transformations = [
      withProviderText(ROTATION_TOKEN, ROTATION_TEXT),
      ...(options.transformations ?? []),
    ];
    super(PLACEHOLDER, name, inputs, { ...options, transformations }, MODULE, ROTATION_TYPE);
  }
}
