import * as pulumi from "@pulumi/pulumi";
import { quotable } from "../util/redact";
import { isWholeKey } from "../util/keyText";
import type { KeyObject } from "../api/wire";
import type { Operation } from "../lifecycle/accountContext";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";
import type { ProxyKeyInfo } from "./proxyKeyInfo";
import { allKeys, invoke, invokeOutput, InvokeError, type Runtime } from "./invoke";
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
   * A name for the key that is no secret.
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
  const asked: Asked = args;
  return invoke(`Cannot get proxy key ${nameOf(asked)}`.trimEnd(), options, async (operation, runtime) => {
    mustBeOne(asked);
    const { key, wire } =
      asked.key === undefined ? await listed(asked, operation, runtime) : await lookUp(asked.key, operation);
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

/** The arguments of a caller that does not use the types. */
interface Asked {
  key?: string;
  name?: string;
  fingerprint?: string;
}

interface Found {
  key: string;
  wire: KeyObject;
}

function nameOf({ key, name, fingerprint }: Asked): string {
  if (isWholeKey(key)) return fingerprintOf(key);
  return name === undefined ? quotable(fingerprint ?? "") : JSON.stringify(quotable(name));
}

function mustBeOne({ key, name, fingerprint }: Asked): void {
  if ([key, name, fingerprint].filter((value) => value !== undefined).length !== 1) {
    throw new InvokeError({
      why: "It is not asked for by exactly one of `key`, `name` and `fingerprint`.",
      nextStep: "Pass one of them.",
    });
  }
  // Anything else, such as an API key by mistake, is not sent.
  if (key !== undefined && !isWholeKey(key)) {
    throw new InvokeError({
      why: "What was passed as `key` is no whole proxy key (ek-proxy-…).",
      nextStep: "Pass the key itself, or ask by `name` or `fingerprint`.",
    });
  }
}

async function listed(asked: Asked, operation: Operation, { completed }: Runtime): Promise<Found> {
  const { key, wire } = onlyKey(await allKeys.answer(operation), asked);
  return { key, wire: await completed(wire, operation) };
}

async function lookUp(key: string, { client, call }: Operation): Promise<Found> {
  return { key, wire: await client.lookup(key, call) };
}

/**
 * The one key of a list that has the name or the fingerprint.
 *
 * @internal
 * @throws InvokeError if there is none or more than one, or if the list does not show it.
 */
export function onlyKey(keys: readonly KeyObject[], asked: { name?: string; fingerprint?: string }): Found {
  const fits = keys.filter(({ name, key }) =>
    asked.name === undefined
      ? key !== undefined && fingerprintOf(key) === asked.fingerprint
      : name === asked.name,
  );
  const [wire] = fits;
  if (fits.length > 1) {
    throw new InvokeError({
      why: `The account has ${fits.length} keys of this name.`,
      nextStep: "Ask by `key`, or by `fingerprint`.",
    });
  }
  if (wire?.key !== undefined) return { key: wire.key, wire };
  if (wire !== undefined || keys.some(({ key }) => key === undefined)) {
    throw new InvokeError({
      why: "The account's list does not show its keys in full.",
      nextStep: "Ask by `key`.",
    });
  }
  throw new InvokeError({
    why: "The account has no such key.",
    nextStep: "`getProxyKeys` lists the account's keys; check that it is the account that made this one.",
  });
}
