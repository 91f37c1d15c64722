import type { Dialect } from "./simulatedResponse";
import type { KeyRecord } from "./keyRecord";
import type { AccountModel } from "./accountModel";
import { RequestError } from "./requestError";

/** The sender of a request, by its Authorization header. */
export type Caller =
  | { readonly kind: "master"; readonly account: AccountModel }
  | { readonly kind: "proxy"; readonly account: AccountModel; readonly record: KeyRecord }
  | {
      readonly kind: "missing" | "malformed" | "jwt" | "dev" | "unknownProxy" | "unknown";
      readonly account?: undefined;
    };

export function identify(authorization: string | undefined, accounts: readonly AccountModel[]): Caller {
  if (authorization === undefined || authorization === "") return { kind: "missing" };
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) return { kind: "malformed" };
  const account = accounts.find(({ apiKey }) => apiKey === token);
  if (account !== undefined) return { kind: "master", account };
  // The prefixes overlap, so compare the longer ones first.
  if (token.startsWith("ek-proxy-")) return identifyProxyKey(token, accounts);
  if (token.startsWith("ek-dev-")) return { kind: "dev" };
  if (token.startsWith("ek-")) return { kind: "unknown" };
  return { kind: token.startsWith("eyJ") ? "jwt" : "malformed" };
}

/** Returns the account of the master key. @throws RequestError for another key and for a paused or limited account. */
export function requireMaster(caller: Caller, dialect: Dialect): AccountModel {
  switch (caller.kind) {
    case "master":
      return requireUsable(caller.account);
    case "missing":
      throw new RequestError(401, "Missing Authorization header");
    case "malformed":
      throw new RequestError(401, "Invalid Authorization header");
    case "jwt":
      throw new RequestError(401, "JWT tokens are not accepted here, use an API key");
    case "proxy":
    case "dev":
      throw new RequestError(dialect.proxyKeyAuthStatus, "This API key cannot manage proxy keys");
    case "unknown":
    case "unknownProxy":
      throw new RequestError(401, "Invalid API key");
  }
}

export function requireManager(caller: Caller, dialect: Dialect): AccountModel {
  const account = requireMaster(caller, dialect);
  if (!account.permissions.manageProxyKeys) {
    throw new RequestError(403, "This API key does not have permission to manage proxy keys");
  }
  return account;
}

/** Returns the proxy key that validates itself. */
export function requireProxyKey(caller: Caller): KeyRecord {
  switch (caller.kind) {
    case "proxy":
      return caller.record;
    case "missing":
      throw new RequestError(401, "Missing Authorization header");
    case "malformed":
      throw new RequestError(401, "Invalid Authorization header");
    case "unknownProxy":
      throw new RequestError(401, "Invalid proxy key");
    default:
      throw new RequestError(400, "Not a proxy key");
  }
}

function requireUsable(account: AccountModel): AccountModel {
  if (account.ipLimited) throw new RequestError(403, "Too many API keys for this IP address");
  if (account.paused) throw new RequestError(403, "Your plan is paused");
  return account;
}

function identifyProxyKey(token: string, accounts: readonly AccountModel[]): Caller {
  for (const account of accounts) {
    const record = account.book.records.get(token);
    if (record !== undefined) return { kind: "proxy", account, record };
  }
  return { kind: "unknownProxy" };
}
