import * as pulumi from "@pulumi/pulumi";
import { ApiError } from "../api/errors";
import type { KeyObject } from "../api/wire";
import { fingerprintOf } from "../lifecycle/state";
import type { Operation } from "../lifecycle/session";
import { infoOf, type ProxyKeyInfo } from "./proxyKeyInfo";
import { answered, beginQuery, type QueryOptions } from "./query";

/** The key that is asked for, by exactly one of the three. */
export type GetProxyKeyArgs = { key: string } | { name: string } | { fingerprint: string };

/** What the account says of a key, its secret included. */
export interface GetProxyKeyResult extends ProxyKeyInfo {
  /** The proxy key itself. Keep it secret: `pulumi.secret(…)`, or ask with `getProxyKeyOutput`. */
  key: string;
}

/** No key, or more than one, answers to what was asked. */
class NotOneKeyError extends ApiError {
  override readonly name = "NotOneKeyError";
}

/**
 * A key of the account, by its secret (one lookup), its name or its fingerprint (one list).
 *
 * @throws RunError when there is none, or a name fits several.
 */
export function getProxyKey(args: GetProxyKeyArgs, options: QueryOptions = {}): Promise<GetProxyKeyResult> {
  const asked =
    "key" in args
      ? fingerprintOf(args.key)
      : Object.values(args)
          .map((value) => JSON.stringify(value))
          .join();
  return answered(`Cannot get proxy key ${asked}`, async () => {
    const operation = beginQuery(options);
    const { key, wire } = "key" in args ? await lookUp(args.key, operation) : await find(args, operation);
    return { ...infoOf({ ...wire, key }, operation.wait.clock.nowMs()), key };
  });
}

/** `getProxyKey` for arguments that are outputs. The whole answer is a secret, since the key is in it. */
export function getProxyKeyOutput(
  args:
    | { key: pulumi.Input<string> }
    | { name: pulumi.Input<string> }
    | { fingerprint: pulumi.Input<string> },
  options: QueryOptions = {},
): pulumi.Output<GetProxyKeyResult> {
  return pulumi.secret(pulumi.output(args).apply((known) => getProxyKey(known, options)));
}

interface Found {
  key: string;
  wire: KeyObject;
}

async function lookUp(key: string, { client, wait }: Operation): Promise<Found> {
  return { key, wire: await client.lookup(key, wait) };
}

async function find(
  asked: { name: string } | { fingerprint: string },
  { snapshot, wait }: Operation,
): Promise<Found> {
  const { keys } = await snapshot.get(wait);
  const fits = keys.filter((wire) =>
    "name" in asked
      ? wire.name === asked.name
      : wire.key !== undefined && fingerprintOf(wire.key) === asked.fingerprint,
  );
  const [wire] = fits;
  if (wire?.key === undefined || fits.length > 1) {
    throw new NotOneKeyError({
      why:
        fits.length > 1
          ? `The account has ${fits.length} keys of this name.`
          : wire === undefined
            ? "The account lists no such key."
            : "The account's list does not show the key's secret.",
      nextStep: "Ask by the key itself, or by its fingerprint.",
    });
  }
  return { key: wire.key, wire };
}
