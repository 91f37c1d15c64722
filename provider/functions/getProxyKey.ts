import * as pulumi from "@pulumi/pulumi";
import { quotable } from "../util/redact";
import { isWholeKey } from "../util/keyText";
import type { Operation } from "../lifecycle/accountContext";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";
import type { ProxyKeyInfo } from "./proxyKeyInfo";
import { invoke, invokeOutput, type Runtime } from "./invoke";
import { InvokeError } from "./invokeError";
import { allKeys } from "./sharedCall";
import { onlyKey, type Found, type Selection } from "./onlyKey";
import type { MockedCall } from "./mockedResult";
import type { InvokeOptions } from "./invokeOptions";

/** Which key, by exactly one of the three. */
export type GetProxyKeyArgs =
  | {
      /**
       * The proxy key itself.
       *
       * Unit: a whole proxy key (`ek-proxy-…`).
       */
      key: string;
    }
  | {
      /**
       * The key's name on the account. If several keys have the name, the call fails.
       *
       * Unit: at most 25 characters.
       */
      name: string;
    }
  | {
      /**
       * The fingerprint, as the resource's output of this name has it.
       *
       * Unit: `pk-` and 16 hexadecimal digits.
       */
      fingerprint: string;
    };

/** What the account shows of a key, its secret included. */
export interface GetProxyKeyResult extends ProxyKeyInfo {
  /**
   * The proxy key itself. `getProxyKeyOutput` marks it as a secret; mark the result of `getProxyKey` with `pulumi.secret`.
   *
   * Unit: `ek-proxy-…`.
   */
  key: string;
  /**
   * A name for the key that is not a secret.
   *
   * Unit: `pk-` and 16 hexadecimal digits.
   */
  fingerprint: string;
}

/**
 * Gets a key of the account by the key itself (one lookup), its name or its fingerprint (one list for all calls at the
 * same time).
 *
 * @throws RunError if there is no such key, if several have the name, or if the account cannot be queried.
 */
export function getProxyKey(args: GetProxyKeyArgs, options: InvokeOptions = {}): Promise<GetProxyKeyResult> {
  const what = `Cannot get proxy key ${nameOf(args)}`.trimEnd();
  const mock: MockedCall<GetProxyKeyResult> = {
    name: "getProxyKey",
    args,
    shape: '{ key: "ek-proxy-…", fingerprint: "pk-…", name: "bot" }',
    result: (returned) =>
      typeof returned["key"] === "string" && typeof returned["fingerprint"] === "string"
        ? (returned as unknown as GetProxyKeyResult)
        : undefined,
  };
  return invoke({ what, mock }, options, async (operation, runtime) => {
    requireOne(args);
    const { key, wire } = await find(args, operation, runtime);
    const info = runtime.infoOf({ ...wire, key }, operation.call.clock.nowMs());
    return { ...info, key, fingerprint: fingerprintOf(key) };
  });
}

/** `getProxyKey` for arguments, and for an `Account`'s settings, that are outputs. The result is a secret as a whole. */
export function getProxyKeyOutput(
  args:
    | { key: pulumi.Input<string> }
    | { name: pulumi.Input<string> }
    | { fingerprint: pulumi.Input<string> },
  options: InvokeOptions = {},
): pulumi.Output<GetProxyKeyResult> {
  return pulumi.secret(
    invokeOutput<GetProxyKeyArgs, GetProxyKeyResult>(
      args as pulumi.Input<GetProxyKeyArgs>,
      options,
      (known) => getProxyKey(known, options),
    ),
  );
}

function nameOf({ key, name, fingerprint }: Selection): string {
  if (isWholeKey(key)) return fingerprintOf(key);
  return name === undefined ? quotable(fingerprint ?? "") : JSON.stringify(quotable(name));
}

function requireOne({ key, name, fingerprint }: Selection): void {
  if ([key, name, fingerprint].filter((value) => value !== undefined).length !== 1) {
    throw new InvokeError({
      why: "Exactly one of `key`, `name` and `fingerprint` is needed.",
      nextStep: "Pass one of them.",
    });
  }
  // Another credential, such as the API key, must not be sent.
  if (key !== undefined && !isWholeKey(key)) {
    throw new InvokeError({
      why: "`key` is not a complete proxy key (ek-proxy-…).",
      nextStep: "Pass the key itself, or `name` or `fingerprint`.",
    });
  }
}

async function find(args: Selection, operation: Operation, { completed }: Runtime): Promise<Found> {
  const { client, call } = operation;
  if (args.key !== undefined) return { key: args.key, wire: await client.lookup(args.key, call) };
  const { key, wire } = onlyKey(await allKeys.get(operation), args);
  return { key, wire: await completed(wire, operation) };
}
