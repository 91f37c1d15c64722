export { ProxyKey, type ProxyKeyArgs, type ProxyKeyProperties } from "./resources/proxyKey";
