import * as pulumi from "@pulumi/pulumi";

/**
 * What `pulumi.runtime.setMocks` was given, as in a unit test: then nothing may reach the API.
 *
 * @returns undefined outside of such a test.
 */
export function testMocks(): pulumi.runtime.Mocks | undefined {
  return (pulumi.runtime.getMonitor() as { mocks?: pulumi.runtime.Mocks } | undefined)?.mocks;
}
