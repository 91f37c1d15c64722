import { hasLabels, type Labels } from "../../lifecycle/labels";
import { Refusal } from "../problems";
import type { Checkpoint } from "../pulumi/checkpoint";
import type { LostKey } from "../recovery/search";
import { labelsText } from "../terminal/labelsText";
import { counted } from "../terminal/table";

/**
 * Whether all keys of a stack have the wanted labels, those in the making included. False: none has them, or there is no key.
 * A key that the program only reads does not count: a destroy leaves it alone.
 *
 * @throws Refusal if only some have them: a destroy would remove the others as well.
 */
export function matchesLabels(stack: string, { keys, pending }: Checkpoint, wanted: Labels): boolean {
  const all = [...keys.filter(({ kept }) => kept !== "external"), ...pending];
  const others = all.filter(({ labels }) => !hasLabels(labels, wanted));
  if (others.length === all.length) return false;
  if (others.length === 0) return true;
  const names = others.map(
    ({ name, resource, fingerprint }) =>
      `${JSON.stringify(name ?? resource)} (${fingerprint ?? "in the making"})`,
  );
  throw new Refusal({
    why: `${others.length} of the ${counted(all.length, "key")} of stack ${stack} do not have the labels ${labelsText(wanted)}: ${names.join(", ")}.`,
    nextStep:
      "Give these keys the labels and run `pulumi up` there, or name the stack with --stack and leave --label out.",
  });
}

/** @throws Refusal for a key that only this machine's journal records, without its labels. */
export function requireKnownLabels(stack: string, found: readonly LostKey[]): void {
  const unlabelled = found.filter(({ lost }) => lost.pending === undefined);
  if (unlabelled.length === 0) return;
  const names = unlabelled.map(({ wire, fingerprint }) => `${JSON.stringify(wire.name)} (${fingerprint})`);
  throw new Refusal({
    why: `An interrupted run of stack ${stack} has made keys that no state has, so their labels are unknown: ${names.join(", ")}.`,
    nextStep: `Run \`npx pulumi-electronhub recover\` on the stack, or leave --label out.`,
  });
}
