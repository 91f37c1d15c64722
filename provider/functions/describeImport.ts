import { isDeepStrictEqual } from "node:util";
import type { KeyObject } from "../api/wire";
import { secretEnvelope } from "../lifecycle/schema/secretEnvelope";
import { PROVIDER_TEXT } from "../dynamic/providerCode";
import {
  fieldOf,
  inputDefaults,
  inputNames,
  type InputName,
  type ProxyKeyInputs,
} from "../lifecycle/schema/inputs";
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
import type { ImportProxyKeysArgs, ProxyKeyImport } from "./importProxyKeys";
import { completed, infoOf } from "./infoOf";
import { InvokeError } from "./invokeError";
import { keyFilter } from "./keyFilter";
import { allKeys } from "./sharedCall";

/**
 * The import file and the program for the account's keys.
 *
 * @param select the keys to describe, of those that fit. Called after the list, before any lookup. Default: all.
 * @throws UserError when the list is refused, or does not show the keys' secrets and settings.
 */
export async function describeImport(
  { budgetWindow = "daily", ...filter }: ImportProxyKeysArgs,
  operation: Operation,
  select: (keys: readonly KeyObject[]) => Promise<readonly KeyObject[]> = (keys) => Promise.resolve(keys),
): Promise<ProxyKeyImport> {
  const nowMs = operation.call.clock.nowMs();
  const fits = keyFilter(filter, nowMs);
  const fitting = (await allKeys.get(operation)).filter((wire) => fits(infoOf(wire, nowMs)));
  const selected = fitting.length === 0 ? fitting : await select(fitting);
  const keys = selected.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
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
  { settings, account }: Operation,
): Described {
  if (wire.key === undefined) {
    throw new InvokeError({
      why: `The account's list does not show the secret of key ${JSON.stringify(wire.name)}.`,
      nextStep: "Adopt each key with the input `adopt` instead.",
    });
  }
  const hidden = hiddenInputs(wire);
  if (hidden.length > 0) {
    const list = hidden.map((input) => `\`${input}\``).join(", ");
    throw new InvokeError({
      why: `The API does not show ${list} of key ${JSON.stringify(wire.name)} (${fingerprintOf(wire.key)}), and a default would change the key.`,
      nextStep:
        "Adopt this key with the input `adopt` and all of its settings, and exclude it here with `namePrefix`.",
    });
  }
  const inputs = plainJson(inputsFromWire(wire, { budgetWindow }));
  const state: Record<string, unknown> = {
    ...stateOf(wire.key, inputs, wire, settings),
    __account: account,
  };
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
  const declarations = described.map(({ name, inputs }) => {
    const written = inputNames
      .filter((input) => inputs[input] !== undefined)
      .filter((input) => isHidden(input) || !isDeepStrictEqual(inputs[input], inputDefaults[input]))
      .map((input) => {
        const line = `  ${input}: ${JSON.stringify(inputs[input])},`;
        return isHidden(input) ? `${line} // The API does not show it: check it.` : line;
      });
    return `new electronhub.ProxyKey(${JSON.stringify(name)}, {\n${written.join("\n")}\n});\n`;
  });
  return ['import * as electronhub from "pulumi-electronhub";\n', ...declarations].join("\n");
}

/** Whether no response shows the input, so that its value is a guess. */
function isHidden(input: InputName): boolean {
  const { wire, fromWire } = fieldOf(input);
  return wire !== undefined && fromWire === undefined;
}
