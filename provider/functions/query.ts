import * as pulumi from "@pulumi/pulumi";
import { ProxyKeyClient } from "../api/client";
import { isApiError } from "../api/errors";
import { quotable } from "../api/redact";
import { CONFIG_NAMESPACE, readSettings, type WrittenSettings } from "../config";
import { Sessions, type Operation } from "../lifecycle/session";
import { systemDependencies } from "../lifecycle/system";

/** Where a question goes. */
export interface QueryOptions {
  /** The settings of another account than the stack's configuration and the environment name. */
  account?: Partial<WrittenSettings>;
}

let shared: Sessions | undefined;

/** The sessions of the program's process, which shares the account's limit with the plugin's through the ledger. */
function sessions(): Sessions {
  return (shared ??= new Sessions(systemDependencies((line) => void pulumi.log.info(line))));
}

/** Begins a question to the account that the options, the stack's configuration or the environment name. */
export function beginQuery({ account = {} }: QueryOptions): Operation {
  const config = new pulumi.Config(CONFIG_NAMESPACE);
  const written: Readonly<Record<string, string | undefined>> = { ...account };
  const settings = readSettings({
    stack: (key) => {
      const name = key.slice(CONFIG_NAMESPACE.length + 1);
      return written[name] ?? config.get(name);
    },
    environment: process.env,
  });
  return sessions().begin(settings);
}

/** The same question with a proxy key in place of the API key. */
export function asProxyKey(operation: Operation, key: string): ProxyKeyClient {
  return operation.client.withApiKey(key);
}

/** Turns an error into what a program shows: what was asked, why it failed, what to do next, without a stack. */
export async function answered<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw new pulumi.RunError(`${what}: ${quotable(error.why, [], 2_000)}\n${error.nextStep}`);
  }
}
