/** FROZEN CONTRACT: the type tokens in every state. */
export const PROXY_KEY_TOKEN = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
export const ROTATION_TOKEN = "pulumi-nodejs:dynamic/electronhub:Rotation";
export const ROTATING_PROXY_KEY_TOKEN = "electronhub:index:RotatingProxyKey";
/** Pulumi's own, of every explicit provider of dynamic resources. */
export const ACCOUNT_TOKEN = "pulumi:providers:pulumi-nodejs";
