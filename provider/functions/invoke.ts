import * as pulumi from "@pulumi/pulumi";
import { isForbidden, isKeyGone } from "../api/errorGuards";
import { refusalOfNode } from "../util/nodeVersion";
import { quotable } from "../util/redact";
import { isUserError, type UserError } from "../util/userError";
import { CONFIG_NAMESPACE, readSettings, type Settings, type WrittenSettings } from "../config";
import type { Operation } from "../lifecycle/accountContext";
import { Account } from "../resources/account";
import { warnAboutSettings } from "../resources/stackSettings";
import { testMocks } from "../resources/testMocks";
import { mockedResult, type MockedCall } from "./mockedResult";
import { InvokeError } from "./invokeError";
import type { InvokeOptions } from "./invokeOptions";

export type Runtime = typeof import("./runtime").runtime;

/** What is queried. */
export interface Query<T> {
  /** The start of an error's message, such as "Cannot get proxy key pk-…". */
  what: string;
  /** How a unit test's mocks answer. */
  mock: MockedCall<T>;
}

/**
 * Queries the account at once, or the mocks of a unit test.
 *
 * @throws RunError with what failed, why, and the next step. Pulumi prints it without a stack.
 */
export async function invoke<T>(
  { what, mock }: Query<T>,
  { provider, begin }: InvokeOptions,
  query: (operation: Operation, runtime: Runtime) => Promise<T>,
): Promise<T> {
  const mocks = testMocks();
  if (mocks !== undefined) return mockedResult(what, mock, mocks);
  if (begin === undefined) warnAboutSettings({ usesStack: provider === undefined });
  try {
    const refusal = refusalOfNode(process.versions.node);
    if (refusal !== undefined) throw new pulumi.RunError(refusal);
    const { runtime } = await import("./runtime.js");
    const operation = begin?.() ?? runtime.accountContexts.begin(await settingsFor(provider));
    return await query(operation, runtime);
  } catch (error) {
    if (!isUserError(error)) throw error;
    throw new pulumi.RunError(`${what}: ${quotable(error.why, [], 2_000)}\n${nextStep(error)}`);
  }
}

/**
 * Queries the account once the arguments and the account's settings are known; in a preview that does not know them, the
 * result is unknown. The result is a secret if an argument is; the API key alone does not make it one.
 */
export function invokeOutput<Args, T>(
  args: pulumi.Input<Args>,
  { provider }: InvokeOptions,
  query: (args: Args) => Promise<T>,
): pulumi.Output<T> {
  const settings = provider === undefined ? undefined : pulumi.unsecret(Account.settingsOf(provider));
  return pulumi.all([args, settings]).apply(([args]) => query(args as Args));
}

type Setting = (key: string) => string | undefined;

async function settingsFor(provider: Account | undefined): Promise<Settings> {
  const stack =
    provider === undefined ? stackSetting : accountSetting(await known(Account.settingsOf(provider)));
  return readSettings({ stack, environment: process.env });
}

function stackSetting(key: string): string | undefined {
  return new pulumi.Config(CONFIG_NAMESPACE).get(settingName(key));
}

function accountSetting(settings: Partial<WrittenSettings>): Setting {
  return (key) => settings[settingName(key) as keyof WrittenSettings];
}

function settingName(key: string): string {
  return key.slice(CONFIG_NAMESPACE.length + 1);
}

/** The value of an output, without `apply`. */
async function known<T>(output: pulumi.Output<T>): Promise<T> {
  // Every output has these, which the SDK uses throughout, but leaves out of its types.
  const inner = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<T> };
  if (await inner.isKnown) return inner.promise();
  throw new InvokeError({
    why: "The account's settings are not known yet in this preview.",
    nextStep: "Call the function's `…Output` form: its result is then unknown, too.",
  });
}

/** The next step for a query. The error's own next step is that of a resource. */
function nextStep(error: UserError): string {
  if (isKeyGone(error))
    return "Check that the key is complete and not removed, and that it belongs to this account.";
  if (isForbidden(error, "otherAccount"))
    return "Query the account that owns the key: set its API key as electronhub:apiKey, or pass `{ provider: account }`.";
  return error.nextStep;
}
