import * as pulumi from "@pulumi/pulumi";

/** Whether the program runs in a preview, for `check`, which does not get it from the engine. */
export function previewFlag(): { __preview?: true } {
  return pulumi.runtime.isDryRun() ? { __preview: true } : {};
}
