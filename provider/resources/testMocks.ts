import * as pulumi from "@pulumi/pulumi";

/**
 * Returns the mocks of a unit test (`pulumi.runtime.setMocks`), under which no request may reach the API.
 *
 * @returns undefined outside of such a test.
 */
export function testMocks(): pulumi.runtime.Mocks | undefined {
  return (pulumi.runtime.getMonitor() as { mocks?: pulumi.runtime.Mocks } | undefined)?.mocks;
}
