import * as record from "../lifecycle/rotating/record";
import { plainJson } from "../lifecycle/schema/state";
import type { Verbs } from "./verbs";

/** The records of a rotating key, which exist only in the state. */
export function rotationVerbs(report: (line: string) => void): Verbs {
  return {
    check: (stored, declared) => {
      const { inputs, note } = record.check(stored, declared);
      if (note !== undefined) report(note);
      return Promise.resolve({ inputs: plainJson(inputs) as Record<string, unknown> });
    },
    diff: (id, state, declared) =>
      Promise.resolve({ ...record.diff(id, state, declared), properties: new Map() }),
    preview: (declared) => declared,
    create: (declared) => {
      const { id, outs } = record.create(declared);
      return Promise.resolve({ id, state: plainJson(outs) as Record<string, unknown> });
    },
    read: (id, state) => Promise.resolve({ id, state, inputs: state }),
    update: (_id, _state, declared) => Promise.resolve(declared),
    delete: () => Promise.resolve(),
  };
}
