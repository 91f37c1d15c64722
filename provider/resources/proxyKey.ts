import * as pulumi from "@pulumi/pulumi";
import { outputFields } from "../lifecycle/schema/fields";
import {
  inputNames,
  secretInputNames,
  type InternalInputs,
  type WrittenInputs,
} from "../lifecycle/schema/inputs";
import { PROVIDER_TEXT } from "../dynamic/providerCode";
import { secretOutputNames, type InternalState, type ProxyKeyState } from "../lifecycle/schema/state";
import { MODULE, PROXY_KEY_TOKEN, PROXY_KEY_TYPE } from "../lifecycle/schema/typeTokens";
import { PLACEHOLDER, withProviderText } from "./providerText";

/** A list may be read-only, and may have elements that are known only later. */
type ElementInputs<T> = T extends readonly (infer Element)[] ? readonly pulumi.Input<Element>[] : T;

/** What a program declares of a proxy key. An input that may be left out may be undefined too, now or later. */
export type ProxyKeyArgs = {
  [K in keyof WrittenInputs]: pulumi.Input<ElementInputs<WrittenInputs[K]> | LeftOut<K>>;
};

type LeftOut<K extends keyof WrittenInputs> = object extends Pick<WrittenInputs, K> ? undefined : never;

/** What a proxy key has: its own outputs and every input resolved. */
export type ProxyKeyProperties = {
  readonly [K in keyof Omit<ProxyKeyState, "stateVersion" | keyof InternalState>]-?: pulumi.Output<
    ProxyKeyState[K]
  >;
};

export interface ProxyKey extends ProxyKeyProperties {}

/**
 * A proxy key of an Electron Hub account: a sub-key with its own budget, models and addresses.
 *
 * Made by `pulumi up`, removed for good by `pulumi destroy`; its unused credits return to the account.
 *
 * @see https://docs.electronhub.ai
 */
export class ProxyKey extends pulumi.dynamic.Resource {
  /**
   * @param name the resource's name in the stack. The key is named after it, unless `args.name` says otherwise.
   * @param args the key's settings. A wrong one fails the preview, with the property's name and what would be right.
   */
  constructor(name: string, args: ProxyKeyArgs, options: pulumi.CustomResourceOptions = {}) {
    const properties = [...inputNames, ...Object.keys(outputFields)];
    const unresolved = Object.fromEntries(properties.map((property) => [property, undefined]));
    super(
      PLACEHOLDER,
      name,
      {
        ...unresolved,
        ...args,
        ...secretly(args),
        __resourceName: name,
        ...whichStack(),
        ...(args.adopt === undefined ? {} : { __urn: urnOf(name, options) }),
      },
      {
        ...options,
        transformations: [
          withProviderText(PROXY_KEY_TOKEN, PROVIDER_TEXT),
          ...(options.transformations ?? []),
        ],
        additionalSecretOutputs: [
          ...secretOutputNames,
          ...secretInputNames,
          ...(options.additionalSecretOutputs ?? []),
        ],
      },
      MODULE,
      PROXY_KEY_TYPE,
    );
  }
}

/** Which stack this is, for the note of a creation in flight. Where no engine runs the program there may be none. */
function whichStack(): InternalInputs {
  try {
    const names = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()];
    return names.includes("") ? {} : { __stack: names.join("/") };
  } catch {
    return {};
  }
}

/** A promise rather than an output: the key must not depend on its parent, and so on all the parent's children. */
function urnOf(name: string, { parent }: pulumi.CustomResourceOptions): Promise<string> {
  return new Promise((resolve) => pulumi.createUrn(name, PROXY_KEY_TOKEN, parent).apply(resolve));
}

/** The inputs that are secrets, marked as such whatever the program passes. */
function secretly(args: ProxyKeyArgs): Partial<ProxyKeyArgs> {
  const given = secretInputNames.filter((name) => args[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, pulumi.secret(args[name])]));
}
