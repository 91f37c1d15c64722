import { CONFIG_NAMESPACE, SETTINGS } from "../../config";
import {
  ACCOUNT_TOKEN,
  PLUGIN_PACKAGE,
  PLUGIN_PROVIDER_TOKEN,
  PLUGIN_PROXY_KEY_TOKEN,
  PLUGIN_ROTATION_TOKEN,
  PROXY_KEY_TOKEN,
  ROTATING_PROXY_KEY_TOKEN,
  ROTATION_TOKEN,
} from "../../lifecycle/schema/typeTokens";

/** A resource of a state. */
interface Typed {
  type: string;
}

const PROXY_KEYS: ReadonlySet<string> = new Set([PROXY_KEY_TOKEN, PLUGIN_PROXY_KEY_TOKEN]);
const ROTATIONS: ReadonlySet<string> = new Set([ROTATION_TOKEN, PLUGIN_ROTATION_TOKEN]);
const PROVIDERS: ReadonlySet<string> = new Set([ACCOUNT_TOKEN, PLUGIN_PROVIDER_TOKEN]);

/** Whether a resource is a proxy key, of the dynamic provider or of the provider plugin. */
export function isProxyKey({ type }: Typed): boolean {
  return PROXY_KEYS.has(type);
}

/** Whether a resource is a record of a rotating key, which exists in the state only. */
export function isRotation({ type }: Typed): boolean {
  return ROTATIONS.has(type);
}

/** Whether a resource is a provider of proxy keys: a stack's default one or an explicit one. */
export function isProvider({ type }: Typed): boolean {
  return PROVIDERS.has(type);
}

/** The dynamic provider of TypeScript programs, and the provider plugin of every language. */
export type ProviderKind = "dynamic" | "plugin";

const KINDS: ReadonlyMap<string, ProviderKind> = new Map([
  [PROXY_KEY_TOKEN, "dynamic"],
  [ROTATION_TOKEN, "dynamic"],
  [PLUGIN_PROXY_KEY_TOKEN, "plugin"],
  [PLUGIN_ROTATION_TOKEN, "plugin"],
  [PLUGIN_PROVIDER_TOKEN, "plugin"],
]);

/** The provider of this package that the engine asks about a resource. Undefined: none. */
export function providerKindOf({ type }: Typed): ProviderKind | undefined {
  return KINDS.get(type);
}

/** Whether a resource is of this package, and of a type that this version does not know: it may hold keys. */
export function isOfUnknownType(resource: Typed): boolean {
  const { type } = resource;
  const isKnown = isProxyKey(resource) || isRotation(resource) || type === ROTATING_PROXY_KEY_TOKEN;
  return !isKnown && OWN_TYPES.test(type);
}

const OWN_TYPES = new RegExp(`^(?:${PLUGIN_PACKAGE}:|pulumi-nodejs:dynamic/${PLUGIN_PACKAGE}[:/])`);

/** A provider's settings by their names in a stack's configuration: the plugin's providers have them without the namespace. */
export function namespaced(
  { type }: Typed,
  inputs: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (type !== PLUGIN_PROVIDER_TOKEN) return inputs;
  const settings = Object.entries(inputs).filter(([name]) => Object.hasOwn(SETTINGS, name));
  return Object.fromEntries(settings.map(([name, value]) => [`${CONFIG_NAMESPACE}:${name}`, value]));
}
