import type { DynamicProvider } from "../../provider/dynamic/dynamicProvider";
import type { Properties, MatrixFixture } from "./fixture";

/** A resource in the state. */
export interface Resource {
  readonly id: string;
  readonly outs: Properties;
  readonly inputs: Properties;
}

/** One column of the matrix. */
export interface VerbColumn {
  readonly label: string;
  /** The path of the verb's own request. */
  readonly path: string;
  /** The declared inputs in addition to a budget. */
  readonly inputs: Properties;
  /** Whether the resource exists before the verb. */
  readonly exists: boolean;
  readonly arrange?: (fixture: MatrixFixture) => void;
  readonly run: (process: DynamicProvider, resource: Resource) => Promise<VerbResult>;
  /** The verb's effect on the account, in addition to the number of keys. */
  readonly effect?: (fixture: MatrixFixture) => string;
}

/** What a verb returned to the engine. */
export interface VerbResult {
  readonly result: "done" | "gone";
  /** The resource's new properties. Absent: it is dropped. */
  readonly outs?: Properties;
}

export const KEY_NAME = "payments";

const settingsNow = ({ account }: MatrixFixture) =>
  account.findKey(KEY_NAME)?.allocatedAmount === 20 ? "new" : "old";
const enabledNow = ({ account }: MatrixFixture) => {
  const key = account.findKey(KEY_NAME);
  return key === undefined ? "" : key.isActive ? "on" : "off";
};

const create: VerbColumn["run"] = async (process, { inputs }) => ({
  result: "done",
  outs: (await process.create(inputs)).outs as Properties,
});

const read: VerbColumn["run"] = async (process, { id, outs }) => {
  const result = await process.read(id, outs);
  return result.id === "" ? { result: "gone" } : { result: "done", outs: result.props as Properties };
};

const update =
  (changes: Properties): VerbColumn["run"] =>
  async (process, { id, outs, inputs }) => ({
    result: "done",
    outs: (await process.update(id, outs, { ...inputs, ...changes })).outs as Properties,
  });

const remove: VerbColumn["run"] = async (process, { id, outs }) => {
  await process.delete(id, outs);
  return { result: "done" };
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
    // Otherwise an existing key is not looked up.
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
