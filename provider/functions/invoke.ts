import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { CallOptions, ProxyKeyClient } from "../api/client";
import { isForbidden, isKeyGone } from "../api/errorGuards";
import { quotable } from "../util/redact";
import { isUserError, UserError } from "../util/userError";
import { CONFIG_NAMESPACE, readSettings, type WrittenSettings } from "../config";
import type { Operation } from "../lifecycle/accountContext";
import { settingsOf } from "../resources/account";
import type { InvokeOptions } from "./invokeOptions";

/** What answers a query; see `runtime.ts`. */
export type Runtime = typeof import("./runtime").runtime;

/** A question that cannot be asked, or that the account does not answer. */
export class InvokeError extends UserError {
  override readonly name = "QuestionError";
}

/**
 * Puts a question to the account, at once.
 *
 * @param what the failure in the words of a person, such as "Cannot get proxy key pk-…".
 * @throws RunError with what was asked, why it failed and what to do next, without a stack, which Pulumi prints as it is.
 */
export async function invoke<T>(
  what: string,
  { provider }: InvokeOptions,
  question: (operation: Operation, runtime: Runtime) => Promise<T>,
): Promise<T> {
  try {
    const stack = provider === undefined ? stackSetting : accountSetting(await known(settingsOf(provider)));
    const settings = readSettings({ stack, environment: process.env });
    const { runtime } = await import("./runtime.js");
    return await question(runtime.accountContexts.begin(settings), runtime);
  } catch (error) {
    if (!isUserError(error)) throw error;
    throw new pulumi.RunError(`${what}: ${quotable(error.why, [], 2_000)}\n${nextStep(error)}`);
  }
}

/**
 * Asks once the arguments and the account's settings are known; while they are not, as in a preview, the answer is
 * unknown too. The answer is a secret where an argument is; the API key alone does not make it one.
 */
export function invokeOutput<Args, T>(
  args: pulumi.Input<Args>,
  { provider }: InvokeOptions,
  question: (args: Args) => Promise<T>,
): pulumi.Output<T> {
  const settings = provider === undefined ? undefined : pulumi.unsecret(settingsOf(provider));
  return pulumi.all([args, settings]).apply(([args]) => question(args as Args));
}

/** One call for all who ask before it goes out. Whoever asks later gets one that shows what has changed since. */
export class SharedCall<T> {
  readonly #waiting = new WeakMap<ProxyKeyClient, Promise<T>>();
  readonly #call: (client: ProxyKeyClient, context: CallOptions) => Promise<T>;

  constructor(call: (client: ProxyKeyClient, context: CallOptions) => Promise<T>) {
    this.#call = call;
  }

  answer({ client, wait }: Operation): Promise<T> {
    const waiting = this.#waiting.get(client);
    if (waiting !== undefined) return waiting;
    const close = () => {
      if (this.#waiting.get(client) === answer) this.#waiting.delete(client);
    };
    const onRequest = (isMutating: boolean) => {
      close();
      wait.onRequest?.(isMutating);
    };
    // The questions of a program come one after another within the same turn of the event loop.
    const answer = setImmediate()
      .then(() => this.#call(client, { ...wait, onRequest }))
      .finally(close);
    this.#waiting.set(client, answer);
    return answer;
  }
}

/** The account's keys. */
export const allKeys = new SharedCall(async (client, context) => (await client.list(context)).keys);

type Setting = (key: string) => string | undefined;

function stackSetting(key: string): string | undefined {
  return new pulumi.Config(CONFIG_NAMESPACE).get(settingName(key));
}

function accountSetting(settings: Partial<WrittenSettings>): Setting {
  return (key) => settings[settingName(key) as keyof WrittenSettings];
}

function settingName(key: string): string {
  return key.slice(CONFIG_NAMESPACE.length + 1);
}

/** The value of an output, for a program that does not wait for it with `apply`. */
async function known<T>(output: pulumi.Output<T>): Promise<T> {
  // Every output has these, which the SDK uses throughout, but leaves out of its types.
  const inner = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<T> };
  if (await inner.isKnown) return inner.promise();
  throw new InvokeError({
    why: "The account's settings are not known yet in this preview.",
    nextStep: "Ask with the function's `…Output` form, whose answer is then unknown as well.",
  });
}

/** What to do next, for one who asks: an error of the client's speaks to one who changes a resource. */
function nextStep(error: UserError): string {
  if (isKeyGone(error))
    return "Check that the key is whole and not removed, and that the account is the one that made it.";
  if (isForbidden(error, "otherAccount"))
    return "Ask the account that owns the key: name its API key as electronhub:apiKey, or pass `{ provider: account }`.";
  return error.nextStep;
}
