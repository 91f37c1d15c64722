import { createHash } from "node:crypto";
import type { Operation } from "../lifecycle/accountContext";
import type { ProxyKeyProvider } from "../lifecycle/provider";
import { outputFields } from "../lifecycle/schema/fields";
import { generateName } from "../lifecycle/schema/generatedName";
import { containsUnknown, fieldOf, inputNames, UNKNOWN, type Properties } from "../lifecycle/schema/inputs";
import { resolveExpiry, shownAs, withoutCounted, withoutGenerated } from "./generated";
import { locate } from "./locate";
import { fromProgram, fromState, toLists } from "./listForm";
import type { Subject, Verbs } from "./verbs";

/** The inputs whose change needs a new key. */
const REPLACING = inputNames.filter((name) => fieldOf(name).change === "replace");

/**
 * The lifecycle of proxy keys, in the form of the plugin's schema.
 *
 * @param noteOnce shows the user a line, once for all keys.
 * @param taken the ids that the run has imported or read, by the URN of their resource.
 */
export function proxyKeyVerbs(
  lifecycle: ProxyKeyProvider,
  noteOnce: (line: string) => void,
  taken: Map<string, string>,
): Verbs {
  const resolve = (state: Properties, checked: Properties, isPreview = false) =>
    resolveExpiry(state, fromState(checked), lifecycle.nowMs(), isPreview);
  return {
    async check(stored, declared, subject, seed) {
      const inputs = { ...fromProgram(declared), ...internalInputs(declared, subject) };
      const old = Object.keys(stored).length === 0 ? stored : withoutCounted(fromState(stored), declared);
      const result = await lifecycle.check(old, inputs, seed.length === 0 ? undefined : bytesFrom(seed));
      return { ...result, inputs: toLists(withoutGenerated(result.inputs, old)) };
    },
    async diff(id, state, declared) {
      const { inputs, note } = resolve(fromState(state), declared);
      const { changes, changed, replaces } = await lifecycle.diff(id, fromState(state), inputs);
      const shown = (name: string) => shownAs(name, declared);
      const properties = [...changed, ...replaces].map(
        (name) => [shown(name), { needsNew: replaces.map(shown).includes(shown(name)) }] as const,
      );
      return { changes, properties: new Map(properties), note };
    },
    preview(declared, state) {
      const { inputs } = resolve(state === undefined ? {} : fromState(state), declared, true);
      return { ...toLists(inputs), ...outputsToBe(declared, state) };
    },
    async create(declared, limits) {
      const { id, outs } = await lifecycle.create(resolve({}, declared).inputs, limits);
      return { id, state: toLists(outs) };
    },
    async read(id, state, limits, urn) {
      // For an import, and for the `get` of a program, the engine has the id alone.
      const isKnown = state["key"] !== undefined;
      const key = isKnown ? fromState(state) : await imported(id, urn, lifecycle.begin(limits));
      const found = await lifecycle.read(isKnown ? id : String(key["fingerprint"]), key, limits);
      if (found === undefined) return undefined;
      if (!isKnown) noteOnce(HIDDEN_WINDOW);
      // A refresh of a state without the key takes nothing: the run may delete its resource.
      if (!isKnown && state["fingerprint"] === undefined) taken.set(urn, found.id);
      const inputs = toLists(withoutGenerated(found.inputs));
      return { id: found.id, state: toLists(found.props), inputs };
    },
    async update(id, state, declared, limits) {
      const stored = fromState(state);
      const { __renewal: due, ...inputs } = resolve(stored, declared).inputs;
      // The engine replaces a key whose rotation is due. One that became due since then keeps its expiry: the next run rotates.
      const { expiresAt } = due === undefined ? inputs : resolve(stored, withoutRenewal(declared)).inputs;
      const { outs } = await lifecycle.update(
        id,
        stored,
        expiresAt === undefined ? inputs : { ...inputs, expiresAt },
        limits,
      );
      return toLists(outs);
    },
    async delete(id, state, limits, urn) {
      // The engine compares the id that the program gives, which may be a name, with the fingerprint in the state. So it
      // deletes what a resource had before, although it is the key that the resource has now.
      if (taken.get(urn) !== id) return lifecycle.delete(id, fromState(state), limits);
      noteOnce(`Proxy key ${id} stays on the account: its resource imports or reads the same key.`);
    },
  };
}

function withoutRenewal({ renewBefore: _before, ...declared }: Properties): Properties {
  return declared;
}

/** What a preview knows of the name and the outputs. Another key may replace the one of the state. */
function outputsToBe(declared: Properties, state: Properties | undefined): Properties {
  const isKept = state !== undefined && !REPLACING.some((input) => containsUnknown(declared[input]));
  const outputs = Object.keys(outputFields).map((output) => [output, isKept ? state[output] : UNKNOWN]);
  const { name: chosen, __createdAs: createdAs } = declared;
  // A refresh makes a generated name an input.
  const isChosen = chosen !== undefined && (state === undefined || isKept || chosen !== state["name"]);
  const generated = isKept ? state["name"] : state === undefined ? createdAs : undefined;
  return { ...Object.fromEntries(outputs), name: (isChosen ? chosen : generated) ?? UNKNOWN };
}

const HIDDEN_WINDOW =
  'Electron Hub: the API does not show the `budgetWindow` of a key, so "daily" is assumed for a key that is imported or read. If an imported key has another one, declare it after the import: any later update sets the declared window, and a monthly budget could be spent every day.';

/** The state of a key that exists. A name in the form of a generated one distinguishes its resource from any other. */
async function imported(id: string, urn: string, operation: Operation): Promise<Properties> {
  const located = await locate(id, operation);
  return { ...located, __createdAs: generateName("imported", bytesFrom(Buffer.from(`${urn} ${id}`))) };
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
function bytesFrom(seed: Uint8Array): (count: number) => Uint8Array {
  return (count) => createHash("sha256").update(seed).digest().subarray(0, count);
}
