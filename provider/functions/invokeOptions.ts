import type { Account } from "../resources/account";

/** Options of every function. */
export interface InvokeOptions {
  /** The account to query. Default: the account of the stack's configuration, or of the environment. */
  provider?: Account | undefined;
}
