import * as pulumi from "@pulumi/pulumi";
import { rotationAt, type Rotation, type Schedule } from "./rotation";

type Verbs = typeof import("./rotation");

/**
 * FROZEN CONTRACT: stored in states and run from there, like `lifecycle/shim.ts`, and for the same reasons it knows
 * nothing but the way to the installed code. The file is the handler's neighbour: the package exports no path of its own
 * for it.
 */
function load(): Verbs {
  const { createRequire } = require("node:module");
  return createRequire(createRequire(`${process.cwd()}/`).resolve("pulumi-electronhub/handler"))(
    "../resources/rotation.js",
  );
}

const shim: pulumi.dynamic.ResourceProvider = {
  check: async (olds, news) => load().check(olds, news),
  diff: async (id, olds, news) => load().diff(id, olds, news),
  create: async (inputs) => load().create(inputs),
  read: async (id, properties) => load().read(id, properties ?? {}),
  update: async (id, olds, news) => load().update(id, olds, news),
};

/** Remembers in the state when a key was rotated. Asks no API. */
export class RotationRecord extends pulumi.dynamic.Resource {
  declare readonly rotation: pulumi.Output<Rotation>;

  constructor(name: string, schedule: Schedule, options: pulumi.CustomResourceOptions) {
    // The rotation of a first `up`: what a preview shows before there is a record. `check` decides otherwise.
    const inputs = { schedule, rotation: rotationAt(schedule) };
    // FROZEN CONTRACT: the type token `pulumi-nodejs:dynamic/electronhub:Rotation`.
    super(shim, name, inputs, options, "electronhub", "Rotation");
  }
}
