export { Account } from "./resources/account";
export type { AccountArgs } from "./resources/accountArgs";
export { ProxyKey } from "./resources/proxyKey";
export type { ProxyKeyArgs, ProxyKeyProperties } from "./resources/proxyKeyArgs";
export { RotatingProxyKey } from "./resources/rotatingProxyKey";
export type { RotatingProxyKeyArgs, RotationArgs } from "./resources/rotatingProxyKeyArgs";
export { getAccount, getAccountOutput, type GetAccountResult } from "./functions/getAccount";
export {
  getProxyKey,
  getProxyKeyOutput,
  type GetProxyKeyArgs,
  type GetProxyKeyResult,
} from "./functions/getProxyKey";
export { getProxyKeys, getProxyKeysOutput } from "./functions/getProxyKeys";
export type { GetProxyKeysArgs } from "./functions/keyFilter";
export { importProxyKeys, type ImportProxyKeysArgs, type ProxyKeyImport } from "./functions/importProxyKeys";
export type { ProxyKeyInfo } from "./functions/proxyKeyInfo";
export type { InvokeOptions } from "./functions/invokeOptions";
export {
  validateProxyKey,
  validateProxyKeyOutput,
  type ValidateProxyKeyArgs,
  type ValidateProxyKeyResult,
} from "./functions/validateProxyKey";
