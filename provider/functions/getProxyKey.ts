import * as pulumi from "@pulumi/pulumi";
import { quotable } from "../util/redact";
import { isWholeKey } from "../util/keyText";
import type { KeyObject } from "../api/wire";
import type { Operation } from "../lifecycle/accountContext";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";
import type { ProxyKeyInfo } from "./proxyKeyInfo";
import { allKeys, invoke, invokeOutput, InvokeError, type Runtime } from "./invoke";
import type { InvokeOptions } from "./invokeOptions";

/** The key that is asked for, by exactly one of the three. */
export type GetProxyKeyArgs =
  | {
      /** The whole key (`ek-proxy-…`). */
      key: string;
    }
  | {
      /** The whole name. Several keys may have the same: then that is the failure. */
      name: string;
    }
  | {
      /** `pk-` and 16 hexadecimal digits, as the resource's output of that name has it. */
      fingerprint: string;
    };

/** What the account says of a key, its secret included. */
export interface GetProxyKeyResult extends ProxyKeyInfo {
  /** The proxy key itself. `getProxyKeyOutput` marks it as a secret; of the plain form's answer do so yourself. */
  key: string;
  /** `pk-` and 16 hexadecimal digits. */
  fingerprint: string;
}

/**
 * A key of the account, by the key itself (one lookup), its name or its fingerprint (one list for all who ask at the same
 * time).
 *
 * @throws RunError when there is none, when a name fits several, or that says why it cannot be told.
 */
export function getProxyKey(args: GetProxyKeyArgs, options: InvokeOptions = {}): Promise<GetProxyKeyResult> {
  const asked: Asked = args;
  return invoke(`Cannot get proxy key ${nameOf(asked)}`.trimEnd(), options, async (operation, runtime) => {
    mustBeOne(asked);
    const { key, wire } =
      asked.key === undefined ? await listed(asked, operation, runtime) : await lookUp(asked.key, operation);
    const info = runtime.infoOf({ ...wire, key }, operation.wait.clock.nowMs());
    return { ...info, key, fingerprint: fingerprintOf(key) };
  });
}

/** `getProxyKey` for arguments, and for an `Account`'s settings, that are outputs. The answer is a secret as a whole. */
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

/** What may have been passed, by whoever does not use the types. */
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
  // Whatever else it is, such as an API key by mistake, it is not sent anywhere.
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

async function lookUp(key: string, { client, wait }: Operation): Promise<Found> {
  return { key, wire: await client.lookup(key, wait) };
}

/**
 * The one key of a list that has the name or the fingerprint.
 *
 * @throws QuestionError when there is none or more than one, or when the list does not show it.
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
