import type * as pulumi from "@pulumi/pulumi";
import type { ProxyKeyInfo } from "./proxyKeyInfo";
import { invoke, invokeOutput } from "./invoke";
import { keyFilter, type GetProxyKeysArgs } from "./keyFilter";
import { allKeys } from "./sharedCall";
import type { MockedCall } from "./mockedResult";
import type { InvokeOptions } from "./invokeOptions";

/**
 * Lists keys of the account, sorted by name, without their secrets. Calls at the same time share one request.
 *
 * @throws RunError with the reason and the next step.
 */
export function getProxyKeys(
  args: GetProxyKeysArgs = {},
  options: InvokeOptions = {},
): Promise<ProxyKeyInfo[]> {
  const mock: MockedCall<ProxyKeyInfo[]> = {
    name: "getProxyKeys",
    args,
    shape: "{ keys: [] }",
    result: ({ keys }) => (Array.isArray(keys) ? keys : undefined),
  };
  return invoke(
    { what: "Cannot list the account's proxy keys", mock },
    options,
    async (operation, { infoOf }) => {
      const nowMs = operation.call.clock.nowMs();
      const fits = keyFilter(args, nowMs);
      const keys = await allKeys.get(operation);
      return keys
        .map((wire) => infoOf(wire, nowMs))
        .filter(fits)
        .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    },
  );
}

/** `getProxyKeys` for arguments, and for an `Account`'s settings, that are outputs. */
export function getProxyKeysOutput(
  args: { [K in keyof GetProxyKeysArgs]: pulumi.Input<GetProxyKeysArgs[K]> } = {},
  options: InvokeOptions = {},
): pulumi.Output<ProxyKeyInfo[]> {
  return invokeOutput<GetProxyKeysArgs, ProxyKeyInfo[]>(
    args as pulumi.Input<GetProxyKeysArgs>,
    options,
    (known) => getProxyKeys(known, options),
  );
}
