import type { Labels } from "../../lifecycle/labels";
import { stackMatcher } from "../terminal/stackPattern";
import { UsageError } from "../problems";
import type { CommandContext } from "../commandContext";
import { leakedKeys } from "./leakedKeys";

/** Selects the keys to revoke. */
export interface SelectionOptions {
  fingerprint?: readonly string[];
  namePrefix?: string;
  label?: Labels;
  stack?: readonly string[];
}

/** Keys that the user names one by one, or a filter that narrows all keys of the account. */
export type Selection =
  | { kind: "named"; secrets: readonly string[]; fingerprints: readonly string[] }
  | Filter;

export interface Filter {
  kind: "filter";
  namePrefix: string | undefined;
  labels: Labels | undefined;
  stacks: readonly string[] | undefined;
}

/** Whether the selection depends on what the states of the backend say. */
export function needsStates(selection: Selection): selection is Filter {
  return selection.kind === "filter" && (selection.labels ?? selection.stacks) !== undefined;
}

/** Reads stdin only if no option selects keys. @throws UsageError. */
export async function selectionOf(
  { fingerprint: fingerprints = [], namePrefix, label: labels, stack: stacks }: SelectionOptions,
  { stdin, stop, terminal }: Pick<CommandContext, "stdin" | "stop" | "terminal">,
): Promise<Selection> {
  const isFilter = namePrefix !== undefined || labels !== undefined || stacks !== undefined;
  if (isFilter && fingerprints.length > 0) {
    throw new UsageError(
      "--fingerprint names keys, so it cannot be combined with --name-prefix, --label or --stack, which filter all keys.",
    );
  }
  if (isFilter || fingerprints.length > 0) {
    if (stdin.kind === "file") {
      throw new UsageError("stdin is read only if no option selects keys. Run the command once for each.");
    }
    if (stdin.kind === "pipe") terminal.note("stdin is not read, because options select the keys.");
    if (stacks !== undefined) stackMatcher(stacks);
    return isFilter
      ? { kind: "filter", namePrefix, labels, stacks }
      : { kind: "named", secrets: [], fingerprints: [...new Set(fingerprints)] };
  }
  if (stdin.kind === "terminal") {
    throw new UsageError(
      "No key is selected. Pass leaked keys on stdin (`npx pulumi-electronhub revoke < FILE`, `pbpaste | npx pulumi-electronhub revoke`), or name --fingerprint, --name-prefix, --label or --stack.",
    );
  }
  terminal.progress("Reading keys from stdin");
  const secrets = leakedKeys(await stdin.read(stop));
  for (const secret of secrets) terminal.hide(secret);
  return { kind: "named", secrets, fingerprints: [] };
}
