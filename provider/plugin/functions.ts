import { getAccount } from "../functions/getAccount";
import { getProxyKey, type GetProxyKeyArgs } from "../functions/getProxyKey";
import { getProxyKeys } from "../functions/getProxyKeys";
import type { InvokeOptions } from "../functions/invokeOptions";
import { validateProxyKey, type ValidateProxyKeyArgs } from "../functions/validateProxyKey";
import type { Properties } from "../lifecycle/schema/inputs";
import { toLists } from "./listForm";
import { UnknownTokenError } from "./unknownTokenError";

type PluginFunction = (args: Properties, options: InvokeOptions) => Promise<Properties>;

/** FROZEN CONTRACT: the tokens of the functions in every generated SDK. */
const FUNCTIONS: ReadonlyMap<string, PluginFunction> = new Map<string, PluginFunction>(
  Object.entries({
    "electronhub:index:getAccount": async (_, options) => ({ ...(await getAccount(options)) }),
    "electronhub:index:getProxyKey": async (args, options) =>
      toLists({ ...(await getProxyKey(args as GetProxyKeyArgs, options)) }),
    "electronhub:index:getProxyKeys": async (args, options) => {
      const keys = await getProxyKeys(args, options);
      return { keys: keys.map((key) => toLists({ ...key })) };
    },
    "electronhub:index:validateProxyKey": async (args, options) => ({
      ...(await validateProxyKey(args as unknown as ValidateProxyKeyArgs, options)),
    }),
  }),
);

/**
 * Calls a function of the plugin's schema.
 *
 * @throws UserError for a function that this version does not have.
 */
export function callFunction(token: string, args: Properties, options: InvokeOptions): Promise<Properties> {
  const called = FUNCTIONS.get(token);
  if (called !== undefined) return called(withoutNulls(args), options);
  throw new UnknownTokenError(`function ${token}`);
}

/** An argument of another language that is null was not given. */
function withoutNulls(args: Properties): Properties {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}
