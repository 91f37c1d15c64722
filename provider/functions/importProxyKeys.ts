import type { KeyObject } from "../api/wire";
import { secretEnvelope } from "../lifecycle/schema/secretEnvelope";
import { PROVIDER_TEXT } from "../dynamic/providerCode";
import { inputNames, inputsSchema, type ProxyKeyInputs } from "../lifecycle/schema/inputs";
import {
  fingerprintOf,
  hiddenInputs,
  inputsFromWire,
  plainJson,
  secretOutputNames,
  stateOf,
} from "../lifecycle/schema/state";
import type { Operation } from "../lifecycle/accountContext";
import { PROXY_KEY_TOKEN } from "../lifecycle/schema/typeTokens";
import { keyFilter, type GetProxyKeysArgs } from "./getProxyKeys";
import { completed, infoOf } from "./proxyKeyInfo";
import { allKeys, invoke, InvokeError, type InvokeOptions } from "./invoke";

/** Which keys are taken in, and what the account does not tell of them. */
export interface ImportProxyKeysArgs extends GetProxyKeysArgs {
  /** The budget's window of all these keys, which the API never tells. Default: `daily`, as the API's own. */
  budgetWindow?: ProxyKeyInputs["budgetWindow"] | undefined;
}

/** What brings keys that exist into a stack. */
export interface ProxyKeyImport {
  /**
   * For `pulumi import --file FILE --generate-code=false --protect=false`: JSON with the keys in clear, so write it with
   * mode 0600 and remove it afterwards. In the state they are encrypted.
   */
  file: string;
  /** The program in TypeScript that declares the same keys. It holds no secret. */
  program: string;
  /** The resources' names in the stack, in the order of the file. */
  names: readonly string[];
}

/**
 * Describes the account's keys for `pulumi import`, and as a program. Sends one list, and a lookup for each key whose
 * settings the list leaves out; after the import a preview of the program shows no change.
 *
 * @throws RunError when the list is refused, or the API does not show the keys' secrets and settings.
 */
export function importProxyKeys(
  args: ImportProxyKeysArgs = {},
  options: InvokeOptions = {},
): Promise<ProxyKeyImport> {
  return invoke("Cannot describe the account's proxy keys", options, (operation) =>
    describeImport(args, operation),
  );
}

/** `importProxyKeys` for whoever has asked for the account already. @throws ApiError. */
export async function describeImport(
  { budgetWindow = "daily", ...filter }: ImportProxyKeysArgs,
  operation: Operation,
): Promise<ProxyKeyImport> {
  const nowMs = operation.wait.clock.nowMs();
  const fits = keyFilter(filter, nowMs);
  const keys = (await allKeys.answer(operation))
    .filter((wire) => fits(infoOf(wire, nowMs)))
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const names = resourceNames(keys.map(({ name }) => name));
  const whole = await Promise.all(keys.map((wire) => completed(wire, operation)));
  const described = whole.map((wire, at) => describe(names[at] as string, wire, budgetWindow, operation));
  return {
    file: `${JSON.stringify({ resources: described.map(({ resource }) => resource) }, undefined, 2)}\n`,
    program: programOf(described),
    names,
  };
}

interface Described {
  name: string;
  inputs: ProxyKeyInputs;
  resource: object;
}

function describe(
  name: string,
  wire: KeyObject,
  budgetWindow: ProxyKeyInputs["budgetWindow"],
  { settings }: Operation,
): Described {
  if (wire.key === undefined) {
    throw new InvokeError({
      why: `The account's list does not show the secret of key ${JSON.stringify(wire.name)}.`,
      nextStep: "Take each key over by `adopt` instead.",
    });
  }
  const hidden = hiddenInputs(wire);
  if (hidden.length > 0) {
    const list = hidden.map((input) => `\`${input}\``).join(", ");
    throw new InvokeError({
      why: `The API does not show ${list} of key ${JSON.stringify(wire.name)} (${fingerprintOf(wire.key)}), and a default would change the key.`,
      nextStep:
        "Take this key over by `adopt` with all of its settings, and leave it out here by `namePrefix`.",
    });
  }
  const inputs = plainJson(inputsFromWire(wire, { budgetWindow }));
  const state: Record<string, unknown> = { ...stateOf(wire.key, inputs, wire, settings) };
  for (const secret of secretOutputNames) {
    state[secret] = secretEnvelope(state[secret]);
  }
  return {
    name,
    inputs,
    resource: {
      type: PROXY_KEY_TOKEN,
      name,
      id: state["fingerprint"],
      inputs: { ...inputs, __provider: PROVIDER_TEXT },
      outputs: { ...state, __provider: PROVIDER_TEXT },
    },
  };
}

/** The keys' names, made unique: names on an account need not be. */
function resourceNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = name.replace(/[^A-Za-z0-9_.-]+/g, "-").replace(/^-+|-+$/g, "") || "key";
    let unique = base;
    for (let count = 2; taken.has(unique); count++) unique = `${base}-${count}`;
    taken.add(unique);
    return unique;
  });
}

function programOf(described: readonly Described[]): string {
  const defaults = inputsSchema.partial({ name: true, budget: true }).parse({}) as Record<string, unknown>;
  const declarations = described.map(({ name, inputs }) => {
    const written = inputNames
      .filter((input) => inputs[input] !== undefined)
      .filter((input) => JSON.stringify(inputs[input]) !== JSON.stringify(defaults[input]))
      .map((input) => `  ${input}: ${JSON.stringify(inputs[input])},`);
    return `new electronhub.ProxyKey(${JSON.stringify(name)}, {\n${written.join("\n")}\n});\n`;
  });
  return ['import * as electronhub from "pulumi-electronhub";\n', ...declarations].join("\n");
}
