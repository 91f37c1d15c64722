import type { Labels } from "../../lifecycle/labels";

/** `owner=team-a ticket=OPS-7`. */
export function labelsText(labels: Labels | undefined): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
