import { isWholeKey } from "../../api/wire";
import type { Labels } from "../../lifecycle/labels";
import { fingerprintOf } from "../../lifecycle/schema/state";
import { deploymentSchema, unknownTypesOf } from "./checkpoint";
import { resourceName } from "./names";
import { isProxyKey } from "./resourceTypes";
import { storedLabels } from "./storedLabels";

/** A resource of a state that has a key. */
export interface Declaration {
  urn: string;
  resource: string;
  fingerprint: string;
  labels: Labels | undefined;
  /** What the program does with the key. It cannot adopt or read one that is gone. */
  role: "creates" | "adopts" | "reads";
  /** The anonymous name of the account that created the key. Undefined: unknown. */
  account: string | undefined;
}

export interface StackDeclarations {
  declarations: readonly Declaration[];
  /** Types of this package that this version does not know, so the declarations may not be all. */
  unknownTypes: readonly string[];
}

/** Reads the resources with keys from an exported state, encrypted or in clear. */
export function readDeclarations(deployment: unknown): StackDeclarations {
  const { resources, operations } = deploymentSchema.parse(deployment ?? {});
  const all = [...resources, ...operations.map(({ resource }) => resource)].filter(isProxyKey);
  const declarations = all.flatMap(({ urn, id, importID, inputs, outputs, external }): Declaration[] => {
    const given = { ...inputs, ...outputs };
    const ids = [id, importID].filter((text) => text !== undefined && text !== "");
    return ids.map((text = "") => ({
      urn,
      resource: resourceName(urn),
      fingerprint: isWholeKey(text) ? fingerprintOf(text) : text,
      labels: storedLabels(given),
      role: external === true ? "reads" : inputs?.["adopt"] == null ? "creates" : "adopts",
      account: typeof given["__account"] === "string" ? given["__account"] : undefined,
    }));
  });
  // A pending operation repeats its resource, perhaps without the outputs.
  const byPlace = new Map<string, Declaration>();
  for (const entry of declarations) {
    const place = `${entry.urn} ${entry.fingerprint}`;
    if (!byPlace.has(place)) byPlace.set(place, entry);
  }
  return { declarations: [...byPlace.values()], unknownTypes: unknownTypesOf(resources, operations) };
}
