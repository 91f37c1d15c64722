#!/usr/bin/env node
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { refusalOfNode } from "../util/nodeVersion";
import { PluginProcess } from "./pluginProcess";
import { service } from "./service";

/**
 * FROZEN CONTRACT: the engine starts `pulumi-resource-electronhub` with its own address as the last argument, after options
 * such as `--tracing ADDRESS`, and reads the port of this server from the first line of standard output.
 */
async function main(args: readonly string[]): Promise<void> {
  const refusal = refusalOfNode(process.versions.node);
  if (refusal !== undefined) throw new Error(refusal);
  const plugin = new PluginProcess(args.at(-1));
  // An error that nothing awaits must not end the process while other operations are in progress.
  const survive = (reason: unknown) => plugin.failed(reason);
  process.on("unhandledRejection", survive).on("uncaughtException", survive);

  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, service(plugin));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  process.stdout.write(`${port}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
