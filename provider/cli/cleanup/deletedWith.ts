import { Refusal } from "../problems";
import type { StateKey } from "../pulumi/checkpoint";
import { cwdOption } from "../pulumi/folders";
import type { StackContext } from "../stack/stackContext";
import { shellWords } from "../terminal/shell";
import { counted } from "../terminal/table";

/**
 * Called before a destroy: the engine drops a resource with the option `deletedWith` from the state without a call of its
 * provider, so that its key would stay on the account, and no state would have it.
 *
 * @throws Refusal that names the resources.
 */
export function refuseDeletedWith({ stack, project }: StackContext, keys: readonly StateKey[]): void {
  const dropped = keys.filter(({ deletedWith, kept }) => deletedWith !== undefined && kept === undefined);
  if (dropped.length === 0) return;
  const targets = dropped.flatMap(({ urn }) => ["--target", urn]);
  const names = dropped.map(({ resource }) => resource).join(", ");
  throw new Refusal({
    why: `Stack ${stack} has ${counted(dropped.length, "key")} with the option deletedWith (${names}): a destroy of the stack would drop each from the state, and leave it on the account.`,
    nextStep: `Run \`pulumi destroy ${shellWords(["--stack", stack, ...targets, ...cwdOption(project.folder)])}\`, then run the command again.`,
  });
}
