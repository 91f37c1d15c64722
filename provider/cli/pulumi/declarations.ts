import { isWholeKey } from "../../api/wire";
import { fingerprintOf } from "../../lifecycle/schema/state";
import { unwrapSecrets } from "../../lifecycle/schema/secretEnvelope";
import { deploymentSchema, unknownTypesOf } from "./checkpoint";
import { resourceName } from "./names";
import { isProxyKey } from "./resourceTypes";

/** A resource of a state that has a key. */
export interface Declaration {
  urn: string;
  resource: string;
  fingerprint: string;
  labels: Readonly<Record<string, string>>;
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
  const declarations = all.flatMap(({ urn, id, importID, inputs, outputs }): Declaration[] => {
    const given = { ...inputs, ...outputs };
    const ids = [id, importID].filter((text) => text !== undefined && text !== "");
    return ids.map((text = "") => ({
      urn,
      resource: resourceName(urn),
      fingerprint: isWholeKey(text) ? fingerprintOf(text) : text,
      labels: labelsIn(unwrapSecrets(given["labels"])),
      account: typeof given["__account"] === "string" ? given["__account"] : undefined,
    }));
  });
  // A pending operation repeats its resource.
  const byPlace = new Map(declarations.map((entry) => [`${entry.urn} ${entry.fingerprint}`, entry]));
  return { declarations: [...byPlace.values()], unknownTypes: unknownTypesOf(resources, operations) };
}

function labelsIn(labels: unknown): Record<string, string> {
  if (typeof labels !== "object" || labels === null) return {};
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
