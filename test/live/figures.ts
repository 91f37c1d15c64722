import { objectOf } from "./answer";

/** All numbers of a response, by path. Lists are left out: they hold the past. */
export function figuresIn(json: unknown, path = ""): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, value] of Object.entries(objectOf(json))) {
    if (typeof value === "number") found.set(`${path}${name}`, value);
    for (const [inner, number] of figuresIn(value, `${path}${name}.`)) found.set(inner, number);
  }
  return found;
}

/** The figures that differ, such as "credits -0.01". */
export function changesBetween(before: unknown, after: unknown): Map<string, number> {
  const earlier = figuresIn(before);
  const changes = new Map<string, number>();
  for (const [path, value] of figuresIn(after)) {
    const change = rounded(value - (earlier.get(path) ?? 0));
    if (change !== 0) changes.set(path, change);
  }
  return changes;
}

export function changesText(changes: ReadonlyMap<string, number>): string {
  const parts = [...changes].map(([path, change]) => `${path} ${change > 0 ? "+" : ""}${change}`);
  return parts.length === 0 ? "no figure changed" : parts.join(", ");
}

/** Without the noise of binary fractions. */
export function rounded(credits: number): number {
  return Math.round(credits * 1e6) / 1e6;
}
