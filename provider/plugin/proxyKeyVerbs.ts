import { createHash } from "node:crypto";
import type { ProxyKeyProvider } from "../lifecycle/provider";
import { outputFields } from "../lifecycle/schema/fields";
import { UNKNOWN, type Properties } from "../lifecycle/schema/inputs";
import { resolveExpiry, withoutGenerated } from "./generated";
import { locate } from "./locate";
import { fromProgram, fromState, toLists } from "./listForm";
import type { Subject, Verbs } from "./verbs";

/** The lifecycle of proxy keys, in the form of the plugin's schema. */
export function proxyKeyVerbs(lifecycle: ProxyKeyProvider): Verbs {
  const resolve = (state: Properties, checked: Properties) =>
    resolveExpiry(state, fromState(checked), lifecycle.nowMs());
  return {
    async check(stored, declared, subject, seed) {
      const inputs = { ...fromProgram(declared), ...internalInputs(declared, subject) };
      const old = Object.keys(stored).length === 0 ? stored : fromState(stored);
      const result = await lifecycle.check(old, inputs, seeded(seed));
      return { ...result, inputs: toLists(withoutGenerated(result.inputs)) };
    },
    async diff(id, state, declared) {
      const { inputs, note } = resolve(fromState(state), declared);
      const { changes, changed, replaces } = await lifecycle.diff(id, fromState(state), inputs);
      const names = new Set([...changed, ...replaces]);
      const properties = [...names].map((name) => [name, { needsNew: replaces.includes(name) }] as const);
      return { changes, properties: new Map(properties), note };
    },
    preview(declared, state) {
      const { inputs } = resolve(state === undefined ? {} : fromState(state), declared);
      const { name = state?.["name"] ?? declared["__createdAs"] ?? UNKNOWN } = declared;
      const outputs = Object.keys(outputFields).map((output) => [
        output,
        state === undefined ? UNKNOWN : state[output],
      ]);
      return { ...Object.fromEntries(outputs), ...toLists(inputs), name };
    },
    async create(declared, limits) {
      const { id, outs } = await lifecycle.create(resolve({}, declared).inputs, limits);
      return { id, state: toLists(outs) };
    },
    async read(id, state, limits) {
      // For an import, and for the `get` of a program, the engine has the id alone.
      const isKnown = state["key"] !== undefined;
      const key = isKnown ? fromState(state) : { ...state, ...(await locate(id, lifecycle.begin(limits))) };
      const found = await lifecycle.read(isKnown ? id : String(key["fingerprint"]), key, limits);
      if (found === undefined) return undefined;
      const inputs = toLists(withoutGenerated(found.inputs));
      return { id: found.id, state: toLists(found.props), inputs };
    },
    async update(id, state, declared, limits) {
      const stored = fromState(state);
      const { outs } = await lifecycle.update(id, stored, resolve(stored, declared).inputs, limits);
      return toLists(outs);
    },
    delete: (id, state, limits) => lifecycle.delete(id, fromState(state), limits),
  };
}

/** What the program of the dynamic provider passes beside its inputs. A URN does not have the stack's organization. */
function internalInputs(declared: Properties, { urn, name }: Subject): Properties {
  const [, , stack, project] = urn.split(/::?/);
  return {
    __resourceName: name,
    __stack: `/${project}/${stack}`,
    ...(declared["adopt"] == null ? {} : { __urn: urn }),
  };
}

/** Bytes that follow from a seed. */
function seeded(seed: Uint8Array): ((count: number) => Uint8Array) | undefined {
  if (seed.length === 0) return undefined;
  return (count) => createHash("sha256").update(seed).digest().subarray(0, count);
}
