import { shellWords } from "../terminal/shell";
import type { KeyReceipt, Replacement } from "./receipt";

/**
 * How the stacks that have the keys get new ones. `pulumi up` alone compares the program with the state, and does not notice that
 * a key is gone.
 *
 * @param folder the project's. Undefined: the states were not read.
 */
export function replacementsFor(keys: readonly KeyReceipt[], folder: string | undefined): Replacement[] {
  const affected = keys.filter(({ outcome }) => outcome !== "foreign" && outcome !== "unknown");
  const places = affected.flatMap(({ declaredIn }) => declaredIn);
  const stacks = [...new Set(places.map(({ stack }) => stack))].toSorted();
  return stacks.map((stack) => {
    // Stacks of other projects have their full name, and run in a folder that is not known.
    const isOfFolder = !stack.includes("/") && folder !== undefined && folder !== process.cwd();
    const cwd = isOfFolder ? ["--cwd", folder] : [];
    return {
      stack,
      command: shellWords(["pulumi", "up", "--refresh", "--stack", stack, ...cwd]),
      before: places.filter((place) => place.stack === stack).flatMap(changeBefore),
    };
  });
}

function changeBefore({ resource, role }: KeyReceipt["declaredIn"][number]): string[] {
  if (role === "adopts") return [`Leave \`adopt\` out of ${resource} first: the key is gone.`];
  if (role === "reads") return [`Make ${resource} read another key first: the key is gone.`];
  return [];
}
