import { createRequire } from "node:module";

import type { PulumiFn } from "@pulumi/pulumi/automation";

/** The gRPC library of the SDK itself, which is no dependency of ours. */
const sdkRequire = createRequire(require.resolve("@pulumi/pulumi"));

interface Grpc {
  Server: new () => {
    addService(service: unknown, implementation: unknown): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
  ServerCredentials: { createInsecure(): unknown };
}

/** A language host that runs a program of this process: the SDK's own, which the Automation API uses. */
export interface LanguageHost {
  /** For `pulumi up --client=ADDRESS --exec-kind auto.inline`. */
  readonly address: string;
  close(): void;
}

export async function languageHost(program: PulumiFn): Promise<LanguageHost> {
  const grpc = sdkRequire("@grpc/grpc-js") as Grpc;
  const { LanguageServer } = sdkRequire("@pulumi/pulumi/automation/server.js") as {
    LanguageServer: new (program: PulumiFn) => unknown;
  };
  const { LanguageRuntimeService } = sdkRequire("@pulumi/pulumi/proto/language_grpc_pb.js") as {
    LanguageRuntimeService: unknown;
  };
  const server = new grpc.Server();
  server.addService(LanguageRuntimeService, new LanguageServer(program));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

/**
 * A language host with an empty program, for the commands of the CLI that want one without running anything.
 *
 * @returns the `runtime` of a Pulumi.yaml that uses it.
 */
export async function emptyLanguageHost(): Promise<{ runtime: object; close(): void }> {
  const { address, close } = await languageHost(async () => ({}));
  return { runtime: { name: "client", options: { address } }, close };
}
