/** FROZEN CONTRACT: the type tokens in every state. */
export const PROXY_KEY_TOKEN = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
export const ROTATION_TOKEN = "pulumi-nodejs:dynamic/electronhub:Rotation";
/** Of both doors: the component registers the keys of the door that it is declared through. */
export const ROTATING_PROXY_KEY_TOKEN = "electronhub:index:RotatingProxyKey";
/** Pulumi's own, of every explicit provider of dynamic resources. */
export const ACCOUNT_TOKEN = "pulumi:providers:pulumi-nodejs";

/** FROZEN CONTRACT: the provider plugin's package, and its type tokens in every state. */
export const PLUGIN_PACKAGE = "electronhub";
export const PLUGIN_PROXY_KEY_TOKEN = "electronhub:index:ProxyKey";
export const PLUGIN_ROTATION_TOKEN = "electronhub:index:Rotation";
/** Of the plugin's default providers and of its explicit ones. */
export const PLUGIN_PROVIDER_TOKEN = "pulumi:providers:electronhub";
