/**
 * FROZEN CONTRACT: they make the type tokens in every state, `pulumi-nodejs:dynamic/electronhub:ProxyKey` and
 * `pulumi-nodejs:dynamic/electronhub:Rotation`.
 */
export const MODULE = "electronhub";
export const PROXY_KEY_TYPE = "ProxyKey";
export const ROTATION_TYPE = "Rotation";

export const PROXY_KEY_TOKEN = tokenOf(PROXY_KEY_TYPE);
export const ROTATION_TOKEN = tokenOf(ROTATION_TYPE);

function tokenOf(type: string): string {
  return `pulumi-nodejs:dynamic/${MODULE}:${type}`;
}
