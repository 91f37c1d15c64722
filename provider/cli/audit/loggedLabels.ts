import type { Labels } from "../../lifecycle/labels";
import type { LoggedEntry } from "./logLines";

/** The labels in a line. Undefined: it has none. */
export function labelsIn({ labels }: LoggedEntry): Labels | undefined {
  if (typeof labels !== "object" || labels === null) return undefined;
  return Object.fromEntries(
    Object.entries(labels).filter((label): label is [string, string] => typeof label[1] === "string"),
  );
}
