import type { PulumiProject } from "../pulumi/project";
import type { ProviderKind } from "../pulumi/resourceTypes";
import { unknownTypesRefusal } from "../stack/unknownTypes";
import { failureOf, ok, skipped, warning, type Check } from "./check";

const LABELS: Readonly<Record<ProviderKind, string>> = {
  dynamic: "the dynamic provider",
  plugin: "the provider plugin",
};

/** Reads the stack's state. @returns also the providers of this package whose resources it has. */
export async function stateCheck(
  project: PulumiProject,
  stack: string,
): Promise<{ check: Check; providers: readonly ProviderKind[] }> {
  const name = "State";
  try {
    const keys = await project.keysOf(stack);
    if (keys === undefined) return { check: skipped(name, "the stack does not exist"), providers: [] };
    const { providers, unknownTypes } = keys;
    const unknown = unknownTypesRefusal(new Map([[stack, unknownTypes]]));
    const labels = providers.map((kind) => LABELS[kind]).join(" and ");
    const check =
      unknown === undefined
        ? ok(name, labels === "" ? "no resources of this package" : `resources of ${labels}`)
        : warning(name, unknown.why, unknown.nextStep);
    return { check, providers };
  } catch (error) {
    return { check: failureOf(name, error, "Run `pulumi stack export` for the stack."), providers: [] };
  }
}
