/** FROZEN CONTRACT: the type tokens in every state. */
export const PROXY_KEY_TOKEN = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
export const ROTATION_TOKEN = "pulumi-nodejs:dynamic/electronhub:Rotation";
