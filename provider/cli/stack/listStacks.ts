import type { StackSummary } from "@pulumi/pulumi/automation";
import { Refusal } from "../problems";
import { FileBackend, type Damage } from "../pulumi/fileBackend";
import type { PulumiProject } from "../pulumi/project";
import { shellWords } from "../terminal/shell";

/**
 * Lists the stacks of the project, or with `all` of the backend. A single truncated file in a `file://` backend makes Pulumi's
 * list fail.
 *
 * @throws Refusal that names each truncated file, and the commands that restore Pulumi's newest copy.
 */
export async function listStacks(project: PulumiProject, { all = false } = {}): Promise<StackSummary[]> {
  try {
    return await project.stacks({ all });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { url } = await project.backend();
    const backend = FileBackend.at(url, project.folder);
    if (backend === undefined) throw error;
    const damages = backend.damages(all ? undefined : await project.name());
    // Another process may have replaced the file meanwhile.
    if (damages.length === 0) return project.stacks({ all });
    throw damagedError(backend, damages);
  }
}

function damagedError(backend: FileBackend, damages: readonly Damage[]): Refusal {
  const holders = [...new Set(damages.flatMap(({ stack }) => backend.locks(stack).map(({ who }) => who)))];
  const locked = holders.length === 0 ? "" : ` (locked by ${holders.join(", ")})`;
  const copies = damages.map((damage) => ({ ...damage, copy: backend.newestCopy(damage) }));
  const withoutCopy = copies.filter(({ kind, copy }) => kind === "state" && copy === undefined);
  const lost =
    withoutCopy.length === 0
      ? ""
      : ` There is no intact copy of ${withoutCopy.map(({ file }) => file).join(", ")}: without that file Pulumi forgets the stack, and its keys stay on the account; see \`npx pulumi-electronhub orphans\`.`;
  return new Refusal({
    why: `Pulumi cannot list the stacks, because a full disk or a crash has truncated ${damages.map(({ file, stack }) => `${file} (stack ${stack})`).join(", ")}.${lost}`,
    nextStep: `Make sure that no run works on the stack${locked}, then run these commands, and this one again:`,
    commands: copies.map(({ file, kind, copy }) => commandFor(file, kind, copy)),
  });
}

/** The POSIX shell command that restores a file. It keeps a truncated state beside the restored one. */
function commandFor(file: string, kind: Damage["kind"], copy: string | undefined): string {
  if (kind === "attributes") return shellWords(["rm", "-f", file]);
  const steps = [["mv", file, `${file}.damaged`], ...(copy === undefined ? [] : [["cp", copy, file]])];
  return [...steps, ["rm", "-f", `${file}.attrs`]].map(shellWords).join(" && ");
}
