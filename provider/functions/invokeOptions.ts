import type { Operation } from "../lifecycle/accountContext";
import type { Account } from "../resources/account";

/** Options of every function. */
export interface InvokeOptions {
  /** The account to query. Default: the account of the stack's configuration, or of the environment. */
  provider?: Account | undefined;
  /**
   * In a plugin process: begins the query on the process's account.
   *
   * @internal
   */
  begin?: () => Operation;
}
