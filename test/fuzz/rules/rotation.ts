import type { Publication } from "../memory";
import { isRotating, OVERLAP_H, type StackName } from "../model";
import type { Evidence, Rule } from "./rule";

/** A published key stays valid: the current one, and the previous one during the overlap. */
export const publishedKeysStayValid: Rule = (evidence) =>
  evidence.actions.flatMap(({ stack, step }) => {
    const nowH = step.kind === "up" ? step.program.rotating?.nowH : undefined;
    if (step.kind === "refresh" || step.kind === "stateDelete") return [];
    if (step.kind === "destroy" || nowH === undefined || isRotating(step.target ?? step.replace ?? "")) {
      evidence.memory.publications.delete(stack);
      return [];
    }
    return publicationsOf(stack, nowH, evidence)
      .filter(({ supersededAtH }) => supersededAtH === undefined || nowH < supersededAtH + OVERLAP_H)
      .filter(
        ({ fingerprint }) => !evidence.after.keys.has(fingerprint) && !evidence.memory.gone.has(fingerprint),
      )
      .map(({ fingerprint, supersededAtH }) => {
        const name = evidence.nameOf(fingerprint);
        return supersededAtH === undefined
          ? `${name} is published, and is gone`
          : `${name} was published until hour ${supersededAtH}, and is gone at hour ${nowH}, within the overlap`;
      });
  });

function publicationsOf(stack: StackName, nowH: number, { after, memory }: Evidence): readonly Publication[] {
  const known = memory.publications.get(stack) ?? [];
  const current = after.published.get(stack);
  const latest = known.at(-1);
  if (current !== undefined && latest?.fingerprint !== current) {
    if (latest !== undefined) latest.supersededAtH = nowH;
    known.push({ fingerprint: current, supersededAtH: undefined });
    memory.publications.set(stack, known);
  }
  return known;
}
