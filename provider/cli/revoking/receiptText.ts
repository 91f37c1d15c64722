import { labelsText } from "../terminal/labelsText";
import type { Block } from "../terminal/layout";
import { problemLines } from "../terminal/report";
import { amount, counted, credits } from "../terminal/table";
import type { KeyReceipt, Receipt, RevocationOutcome } from "./receipt";

const WORDS: Record<RevocationOutcome, string> = {
  "would-revoke": "would be revoked",
  disabled: "disabled",
  removed: "removed",
  "already-gone": "already removed",
  foreign: "owned by another account",
  failed: "FAILED",
  unknown: "unknown",
};

/** Shows the selected keys, and who has them. */
export function keysText({ keys, notLookedUp }: Pick<Receipt, "keys" | "notLookedUp">): Block[] {
  const noPlace = notLookedUp.length === 0 ? "no state" : "?";
  const rows = keys.map((key) => [
    key.name ?? "?",
    key.fingerprint ?? "(hidden)",
    key.lastUsedAt === undefined ? "?" : (key.lastUsedAt ?? "never"),
    amountText(key.budget),
    amountText(key.usedBudget),
    key.declaredIn.map(placeText).join(", ") || noPlace,
    // The proof follows.
    key.outcome === "already-gone" && key.provenAt === null ? "not found" : WORDS[key.outcome],
  ]);
  const heading = ["key", "fingerprint", "last use", "budget", "used", "declared in", ""];
  return [{ rows: [heading, ...rows] }, ...notLookedUp];
}

/** What was done, and what to do next. */
export function receiptText(receipt: Receipt, { disableOnly }: { disableOnly: boolean }): Block[] {
  const { keys, dryRun } = receipt;
  const parts: Block[] = [];
  if (!dryRun) parts.push("Receipt (UTC, by this machine's clock):", ...keys.flatMap(receiptLines));
  parts.push(...problemLines([...receipt.problems, ...keys.flatMap((key) => key.problems)]));
  parts.push(...nextSteps(receipt, disableOnly));
  if (dryRun) {
    const count = keys.filter(({ outcome }) => outcome === "would-revoke").length;
    const what = disableOnly ? "disable" : "disable and then remove";
    const next = count === 0 ? "." : `; add --yes to ${what} ${count === 1 ? "it" : "them"}.`;
    parts.push(`Dry run: nothing was changed${next}`);
  } else if (!disableOnly) {
    const count = keys.filter(({ outcome }) => outcome === "removed").length;
    parts.push(`${counted(count, "key")} removed, ${credits(receipt.creditsReturned)} returned.`);
  }
  return parts;
}

/** Of these keys, nothing shows that an application uses them. */
const WITHOUT_OWNER: ReadonlySet<RevocationOutcome> = new Set(["foreign", "unknown", "already-gone"]);

function nextSteps(receipt: Receipt, disableOnly: boolean): Block[] {
  const { keys, dryRun, notLookedUp, replacements, stackCount } = receipt;
  if (disableOnly) {
    if (replacements.length === 0) return [];
    return [
      `Until the keys are removed, \`pulumi up --refresh\` enables them again in ${stackNames(receipt)}, which declared them as enabled.`,
    ];
  }
  const undeclared = keys.filter(
    ({ declaredIn, outcome }) => declaredIn.length === 0 && !WITHOUT_OWNER.has(outcome),
  );
  const parts: Block[] = [];
  if (replacements.length > 0) {
    parts.push(
      `New keys for the stacks that declare ${dryRun ? "these" : "the revoked ones"}, each in the folder of its project:`,
      ...replacements.flatMap(({ command, before }): Block[] =>
        [{ copy: `  ${command}` } as Block].concat(before.map((line) => `    ${line}`)),
      ),
    );
  }
  if (undeclared.length > 0 && notLookedUp.length === 0) {
    parts.push(
      `${counted(undeclared.length, "key")} in no state of ${counted(stackCount, "stack")}: the owner of the application that uses it must create a new one.`,
    );
  }
  return parts;
}

function stackNames({ replacements }: Receipt): string {
  return `${replacements.length === 1 ? "stack" : "stacks"} ${replacements.map(({ stack }) => stack).join(", ")}`;
}

function receiptLines({ fingerprint, name, outcome, ...key }: KeyReceipt): Block[] {
  const already = outcome === "already-gone" ? ["removed before"] : [];
  const disabled = key.wasEnabled === false ? ["disabled before"] : [];
  const times = [
    ...(key.disabledAt === null ? disabled : [`disabled ${key.disabledAt}`]),
    ...(key.removedAt === null ? already : [`removed ${key.removedAt}`]),
    ...(key.provenAt === null ? [] : [`proven gone ${key.provenAt}`]),
  ];
  const none = outcome === "failed" ? "not verified as disabled" : "nothing was done";
  const line = `  ${name ?? "?"} (${fingerprint ?? "hidden"}): ${times.join(", ") || none}`;
  return key.settings === null ? [line] : [line, { copy: `    settings: ${JSON.stringify(key.settings)}` }];
}

function placeText({ stack, resource, labels }: KeyReceipt["declaredIn"][number]): string {
  return [`${stack}: ${resource}`, labelsText(labels)].filter((part) => part !== "").join(" ");
}

function amountText(value: number | null): string {
  return value === null ? "?" : amount(value);
}
