import * as pulumi from "@pulumi/pulumi";
import type * as alias from "@pulumi/pulumi/proto/alias_pb";
import type { ConstructRequest } from "@pulumi/pulumi/proto/provider_pb";
import { PLUGIN_PACKAGE } from "../../lifecycle/schema/typeTokens";
import * as sdkResource from "@pulumi/pulumi/resource";

/** What the SDK has at run time, but leaves out of its types. */
const { DependencyResource, DependencyProviderResource, hookBindingFromProto } = {
  ...sdkResource,
  ...pulumi.runtime,
} as unknown as {
  DependencyResource: new (urn: string) => pulumi.Resource;
  DependencyProviderResource: new (reference: string) => pulumi.ProviderResource;
  hookBindingFromProto?: (hooks: unknown) => pulumi.ComponentResourceOptions["hooks"];
};

/**
 * The resource options that the program gave a component.
 *
 * @param self the provider that constructs it. Its children belong to it: the engine would start another process for a
 *   default provider of another version.
 */
export function optionsIn(request: ConstructRequest, self: string): pulumi.ComponentResourceOptions {
  const providers = request
    .getProvidersMap()
    .toArray()
    .map(([name, reference]): [string, pulumi.ProviderResource] => [
      name,
      new DependencyProviderResource(reference),
    ]);
  const [parent, deletedWith] = [request.getParent(), request.getDeletedwith()];
  const timeouts = request.getCustomtimeouts()?.toObject();
  const hooks = hookBindingFromProto?.(request.getResourceHooks());
  return {
    aliases: request.getAliasesList().map(aliasOf),
    dependsOn: request.getDependenciesList().map((urn) => new DependencyResource(urn)),
    providers: {
      ...Object.fromEntries(providers),
      ...(self === "" ? {} : { [PLUGIN_PACKAGE]: new DependencyProviderResource(self) }),
    },
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    ...(parent === "" ? {} : { parent: new DependencyResource(parent) }),
    ...(deletedWith === "" ? {} : { deletedWith: new DependencyResource(deletedWith) }),
    ...(timeouts === undefined ? {} : { customTimeouts: timeouts }),
    ...(hooks === undefined ? {} : { hooks }),
  };
}

function aliasOf(given: alias.Alias): pulumi.Input<pulumi.URN | pulumi.Alias> {
  const spec = given.getSpec();
  if (spec === undefined) return given.getUrn();
  const { name, type, stack, project, parenturn: parent } = spec.toObject();
  const named = Object.entries({ name, type, stack, project, parent }).filter(([, value]) => value !== "");
  const hasNoParent = spec.hasNoparent() && spec.getNoparent();
  return { ...Object.fromEntries(named), ...(hasNoParent ? { parent: pulumi.rootStackResource } : {}) };
}
