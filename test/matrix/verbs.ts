import type { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import type { Properties, Scene } from "./fixture";

/** A resource as the state holds it. */
export interface Resource {
  readonly id: string;
  readonly outs: Properties;
  readonly inputs: Properties;
}

/** One column of the matrix. */
export interface VerbColumn {
  readonly label: string;
  /** The path of the one call that the fault is for. */
  readonly path: string;
  /** What the program declares, beside a budget. */
  readonly inputs: Properties;
  /** Does the resource exist before the verb? */
  readonly exists: boolean;
  readonly arrange?: (scene: Scene) => void;
  readonly run: (process: DynamicProvider, resource: Resource) => Promise<VerbResult>;
  /** What the account shows of the verb's effect, beside how many keys there are. */
  readonly effect?: (scene: Scene) => string;
}

/** What a verb told the engine when it did not fail. */
export interface VerbResult {
  readonly said: "done" | "gone";
  /** The resource's properties from now on; absent when it is dropped. */
  readonly outs?: Properties;
}

export const KEY_NAME = "payments";

const settingsNow = ({ account }: Scene) =>
  account.findKey(KEY_NAME)?.allocatedAmount === 20 ? "new" : "old";
const enabledNow = ({ account }: Scene) => {
  const key = account.findKey(KEY_NAME);
  return key === undefined ? "" : key.isActive ? "on" : "off";
};

const create: VerbColumn["run"] = async (process, { inputs }) => ({
  said: "done",
  outs: (await process.create(inputs)).outs as Properties,
});

const read: VerbColumn["run"] = async (process, { id, outs }) => {
  const result = await process.read(id, outs);
  return result.id === "" ? { said: "gone" } : { said: "done", outs: result.props as Properties };
};

const update =
  (changes: Properties): VerbColumn["run"] =>
  async (process, { id, outs, inputs }) => ({
    said: "done",
    outs: (await process.update(id, outs, { ...inputs, ...changes })).outs as Properties,
  });

const remove: VerbColumn["run"] = async (process, { id, outs }) => {
  await process.delete(id, outs);
  return { said: "done" };
};

export const VERB_COLUMNS: readonly VerbColumn[] = [
  { label: "create, name generated", path: "/auth/proxy/create", inputs: {}, exists: false, run: create },
  {
    label: "create, name chosen",
    path: "/auth/proxy/create",
    inputs: { name: KEY_NAME },
    exists: false,
    run: create,
  },
  {
    label: "create: its budget window",
    path: "/auth/proxy/update",
    inputs: { budgetWindow: "weekly" },
    exists: false,
    run: create,
    effect: ({ account }) => account.keys().at(-1)!.limitType,
  },
  { label: "read: list", path: "/auth/proxy", inputs: { name: KEY_NAME }, exists: true, run: read },
  {
    label: "read: lookup",
    path: "/auth/proxy/lookup",
    inputs: { name: KEY_NAME },
    exists: true,
    // Only then is a key that is there looked up.
    arrange: ({ simulator }) => (simulator.dialect.listKeys = "omitted"),
    run: read,
  },
  {
    label: "update settings",
    path: "/auth/proxy/update",
    inputs: { name: KEY_NAME },
    exists: true,
    run: update({ budget: 20 }),
    effect: settingsNow,
  },
  {
    label: "update enabled",
    path: "/auth/proxy/toggle",
    inputs: { name: KEY_NAME },
    exists: true,
    run: update({ enabled: false }),
    effect: enabledNow,
  },
  { label: "delete", path: "/auth/proxy/remove", inputs: { name: KEY_NAME }, exists: true, run: remove },
  {
    label: "delete, onDestroy disable",
    path: "/auth/proxy/toggle",
    inputs: { name: KEY_NAME, onDestroy: "disable" },
    exists: true,
    run: remove,
    effect: enabledNow,
  },
];
