import * as pulumi from "@pulumi/pulumi";

/** How a function calls a unit test's mocks. */
export interface MockedCall<T> {
  /** Its name, which the token ends with. */
  name: string;
  args: object;
  /** What `call` has to return, for the message. */
  shape: string;
  /** Returns the function's result from that of `call`. Undefined: `call` returned none. */
  result: (returned: Readonly<Record<string, unknown>>) => T | undefined;
}

/**
 * Asks the mocks of a unit test instead of the account.
 *
 * @throws RunError when they return no result for the function's token.
 */
export async function mockedResult<T>(
  what: string,
  { name, args, shape, result }: MockedCall<T>,
  mocks: pulumi.runtime.Mocks,
): Promise<T> {
  const token = `electronhub:index:${name}`;
  const returned: unknown = await mocks.call({ token, inputs: args });
  const found = result((returned ?? {}) as Readonly<Record<string, unknown>>);
  if (found !== undefined) return found;
  throw new pulumi.RunError(
    `${what}: the test's mocks return no result for it, and no test may reach the API.\nLet \`call\` return ${shape} for the token \`${token}\`, or remove the mocks and test against the simulator of \`pulumi-electronhub/testing\`.`,
  );
}
