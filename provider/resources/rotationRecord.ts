import * as pulumi from "@pulumi/pulumi";
import { rotationAt, type Rotation, type Schedule } from "../lifecycle/rotation";
import { ROTATION_TEXT } from "../lifecycle/shim";
import { MODULE, PLACEHOLDER, withProviderText } from "./providerText";

/** FROZEN CONTRACT: they make the type token in every state, `pulumi-nodejs:dynamic/electronhub:Rotation`. */
const TYPE = "Rotation";
const TYPE_TOKEN = `pulumi-nodejs:dynamic/${MODULE}:${TYPE}`;

/** Remembers in the state when a key was rotated. Asks no API. */
export class RotationRecord extends pulumi.dynamic.Resource {
  declare readonly rotation: pulumi.Output<Rotation>;

  constructor(name: string, schedule: Schedule, options: pulumi.CustomResourceOptions) {
    // The rotation of a first `up`: what a preview shows before there is a record. `check` decides otherwise.
    const inputs = { schedule, rotation: rotationAt(schedule) };
    const transformations = [withProviderText(TYPE_TOKEN, ROTATION_TEXT), ...(options.transformations ?? [])];
    super(PLACEHOLDER, name, inputs, { ...options, transformations }, MODULE, TYPE);
  }
}
