import type { PendingOperation, StateResource } from "../support/checkpoint";
import { pluginStack, type PluginStack, type StoredAccount } from "../support/pluginState";
import type { Cli } from "./fixture";

interface PluginState {
  resources: readonly StateResource[];
  operations?: readonly PendingOperation[];
}

export interface PluginStacks {
  /** The settings of an account, as a provider has them. */
  settings(account?: string): StoredAccount;
  /** Makes a key on an account. @returns it as a resource has it. */
  madeKey(name: string, provider: StateResource, account?: string): Parameters<PluginStack["key"]>[1];
  /** Adds to a stack, or to a new one, what the provider plugin leaves in a state. The stack's passphrase encrypts it. */
  deploy(name: string, build: (stack: PluginStack) => PluginState): Promise<void>;
}

/** Stacks of the provider plugin. Their states are imported, which needs no plugin. */
export function usePluginStacks(cli: Cli): PluginStacks {
  return {
    settings: (account) => ({
      apiKey: cli.simulator.account(account).apiKey,
      baseUrl: cli.simulator.baseUrl,
    }),
    madeKey(name, provider, account) {
      const { key } = cli.simulator.account(account).addKey({ name, allocatedAmount: 10 });
      return { name, secret: key, provider };
    },
    async deploy(name, build) {
      await cli.project.pulumi(["stack", "select", "--create", name]);
      const stack = pluginStack(name, cli.project.name);
      const { resources, operations = [] } = build(stack);
      const { version, deployment } = await cli.project.exportState(name, { showSecrets: true });
      const [root, ...added] = stack.deployment(resources).resources ?? [];
      const before = deployment.resources ?? [root].flatMap((resource) => resource ?? []);
      const all = { ...deployment, ...stack.deployment([]), resources: [...before, ...added] };
      await cli.project.importState(name, { version, deployment: all });
      // An import drops the operations in flight.
      if (operations.length === 0) return;
      await cli.editCheckpoint(name, (latest) => {
        latest.pending_operations = operations.map(({ type, resource }) => ({
          type,
          resource: { ...resource },
        }));
      });
    },
  };
}
