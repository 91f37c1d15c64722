import type { ShownProxyKey } from "../resources/proxyKeyArgs";

/** What the account shows of a key, as of the time of the call. What the API's response leaves out is absent. */
export interface ProxyKeyInfo extends ShownProxyKey {
  /** Whether the key has expired, by this machine's clock. A key that has expired may still be `enabled`. */
  expired?: boolean | undefined;
}
