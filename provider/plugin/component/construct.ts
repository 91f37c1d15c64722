import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as pulumi from "@pulumi/pulumi";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import * as sdkServer from "@pulumi/pulumi/provider/server";
import * as sdkState from "@pulumi/pulumi/runtime/state";
import { ROTATING_PROXY_KEY_TOKEN } from "../../lifecycle/schema/typeTokens";
import type { RotatingProxyKeyArgs } from "../../resources/rotatingProxyKeyArgs";
import { optionsIn } from "./constructOptions";
import { PluginRotatingProxyKey } from "./pluginRotatingProxyKey";
import { UnknownTokenError } from "../unknownTokenError";

/** What the SDK has at run time, but leaves out of its types. */
interface Internals {
  withLocalStorage: <T>(work: () => Promise<T>) => Promise<T>;
  deserializeInputs: (inputs: Struct, dependencies: unknown) => Promise<pulumi.Inputs>;
  awaitFeatureSupport: () => Promise<void>;
  waitForRPCs: () => Promise<void>;
}

const internals = {
  ...pulumi.runtime,
  ...sdkServer,
  ...sdkState,
} as unknown as Internals;

/** Who constructs. */
interface Caller {
  /** The address of the engine that asks for the component. */
  engineAddress: string;
  /** The provider that this process is, for the component's children. Empty: not known. */
  provider: string;
}

/** Fails every construction in progress. */
const failures = new Set<(reason: unknown) => void>();

/** An error within a component's `apply` reaches only the process. */
export function failConstructions(reason: unknown): void {
  for (const fail of failures) fail(reason);
}

/**
 * Constructs a component: runs its program against the engine that asks for it.
 *
 * @throws UserError for a component that this version does not know.
 */
export async function construct(request: pb.ConstructRequest, caller: Caller): Promise<pb.ConstructResponse> {
  const type = request.getType();
  if (type !== ROTATING_PROXY_KEY_TOKEN) throw new UnknownTokenError(`component ${type}`);
  let fail: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failures.add(fail);
  try {
    // Constructions run at the same time, each for its own engine's settings.
    return await Promise.race([failed, internals.withLocalStorage(() => constructed(request, caller))]);
  } finally {
    failures.delete(fail);
  }
}

async function constructed(request: pb.ConstructRequest, caller: Caller): Promise<pb.ConstructResponse> {
  pulumi.runtime.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    caller.engineAddress,
    request.getMonitorendpoint(),
    request.getDryrun(),
    request.getOrganization(),
  );
  await internals.awaitFeatureSupport();
  const config = Object.fromEntries(request.getConfigMap().toArray());
  pulumi.runtime.setAllConfig(config, request.getConfigsecretkeysList());

  const dependencies = request.getInputdependenciesMap();
  const inputs = await internals.deserializeInputs(request.getInputs() ?? new Struct(), dependencies);
  const component = new PluginRotatingProxyKey(
    request.getName(),
    inputs as RotatingProxyKeyArgs,
    optionsIn(request, caller.provider),
  );

  const response = new pb.ConstructResponse();
  response.setUrn(await valueOf(component.urn));
  const outputs = await pulumi.runtime.serializeResourceProperties(request.getName(), component.__outputs);
  const [state, usedBy] = outputs;
  response.setState(Struct.fromJavaScript(state as Parameters<typeof Struct.fromJavaScript>[0]));
  for (const [name, used] of usedBy) {
    const urns = new pb.ConstructResponse.PropertyDependencies();
    urns.setUrnsList(await Promise.all([...used].map(({ urn }) => valueOf(urn))));
    response.getStatedependenciesMap().set(name, urns);
  }
  await internals.waitForRPCs();
  return response;
}

/** Every output has it, which the SDK uses throughout, but leaves out of its types. */
function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}
