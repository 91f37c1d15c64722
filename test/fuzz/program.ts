import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { Account, ProxyKey, RotatingProxyKey } from "pulumi-electronhub";
import {
  OVERLAP_H,
  ROTATE_EVERY_H,
  type AccountName,
  type KeySpec,
  type Program,
  type RotatingSpec,
} from "./model";

/** The simulator's addresses and keys that a program uses. */
export interface ProgramContext {
  baseUrl: string;
  apiKeyOf(account: AccountName): string;
  /** The key of a label. */
  keyOf(label: string): string;
}

/** Longer than another stack's command during a held request, and shorter than the API's cooldown. */
export const MAX_WAIT = "60s";

/** Returns the Pulumi program of a description. */
export function programOf(program: Program, context: ProgramContext): PulumiFn {
  return async () => {
    const accounts = new Map<AccountName, Account>();
    const accountNamed = (name: AccountName): Account => {
      const { baseUrl } = context;
      const account =
        accounts.get(name) ??
        new Account(name, { apiKey: context.apiKeyOf(name), baseUrl, maxWait: MAX_WAIT });
      accounts.set(name, account);
      return account;
    };
    const declared = new Map<string, ProxyKey>();
    for (const spec of program.keys) {
      const provider = spec.account === undefined ? undefined : accountNamed(spec.account);
      declared.set(spec.resource, declare(spec, declared, provider, context));
    }
    if (program.rotating !== undefined) declareRotating(program.rotating);
    return Object.fromEntries([...declared].map(([name, { key }]) => [name, key]));
  };
}

function declare(
  spec: KeySpec,
  before: ReadonlyMap<string, ProxyKey>,
  provider: Account | undefined,
  { keyOf }: ProgramContext,
): ProxyKey {
  const trigger = spec.triggerFrom === undefined ? undefined : before.get(spec.triggerFrom)?.fingerprint;
  const options: CustomResourceOptions = {};
  if (provider !== undefined) options.provider = provider;
  if (spec.protect !== undefined) options.protect = spec.protect;
  if (spec.retain !== undefined) options.retainOnDelete = spec.retain;
  if (spec.deleteBeforeReplace !== undefined) options.deleteBeforeReplace = spec.deleteBeforeReplace;
  if (spec.ignoreChanges !== undefined) options.ignoreChanges = spec.ignoreChanges;
  if (spec.replaceOnChanges !== undefined) options.replaceOnChanges = spec.replaceOnChanges;
  if (spec.alias !== undefined) options.aliases = [{ name: spec.alias }];
  return new ProxyKey(
    spec.resource,
    {
      budget: 10,
      ...spec.settings,
      ...(spec.adopt === undefined ? {} : { adopt: keyOf(spec.adopt) }),
      ...(trigger === undefined ? {} : { rotationTrigger: trigger }),
    },
    options,
  );
}

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

function declareRotating({ nowH, settings, retain }: RotatingSpec): RotatingProxyKey {
  return new RotatingProxyKey(
    "rot",
    {
      budget: 3,
      rotateEvery: `${ROTATE_EVERY_H}h`,
      overlap: `${OVERLAP_H}h`,
      now: new Date(START_MS + nowH * HOUR_MS).toISOString(),
      ...settings,
    },
    retain === undefined ? {} : { retainOnDelete: retain },
  );
}
