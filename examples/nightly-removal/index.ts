import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

/** A stack for each trial, named after its ticket. */
const ticket = pulumi.getStack();
const owner = new pulumi.Config().get("owner") ?? "platform";

/** Its name starts with `trial-`, by which the job finds it once no stack has it. */
const trial = new ProxyKey(`trial-${ticket}`, {
  budget: 2,
  expiresIn: "30d",
  labels: { owner, purpose: "trial", ticket },
  // `destroy` only disables it, so that it can be enabled again.
  onDestroy: "disable",
});

export const key = trial.key;
