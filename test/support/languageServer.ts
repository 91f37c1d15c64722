import { createRequire } from "node:module";

import type { PulumiFn } from "@pulumi/pulumi/automation";

/** The gRPC library of the SDK, which is not a direct dependency. */
const sdkRequire = createRequire(require.resolve("@pulumi/pulumi"));

interface Grpc {
  Server: new () => {
    addService(service: unknown, implementation: unknown): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
  ServerCredentials: { createInsecure(): unknown };
}

interface LanguageServer {
  run(call: unknown, respond: Respond): Promise<void>;
}

type Respond = (error: Error | null | undefined, response: unknown) => void;

/** A language host that runs a program of this process: the SDK's own, which the Automation API uses. */
export interface LanguageHost {
  /** For `pulumi up --client=ADDRESS --exec-kind auto.inline`. */
  readonly address: string;
  /** A run has failed before its program began: the SDK did not reach the engine. */
  readonly isCutOff: boolean;
  close(): void;
}

export async function languageHost(program: PulumiFn): Promise<LanguageHost> {
  const grpc = sdkRequire("@grpc/grpc-js") as Grpc;
  const { LanguageServer } = sdkRequire("@pulumi/pulumi/automation/server.js") as {
    LanguageServer: new (program: PulumiFn) => LanguageServer;
  };
  const { LanguageRuntimeService } = sdkRequire("@pulumi/pulumi/proto/language_grpc_pb.js") as {
    LanguageRuntimeService: unknown;
  };
  const watched = new WatchedProgram(program);
  const server = new grpc.Server();
  server.addService(LanguageRuntimeService, watched.serveWith(new LanguageServer(watched.program)));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    get isCutOff() {
      return watched.isCutOff;
    },
    close: () => server.forceShutdown(),
  };
}

/**
 * Fails a run whose program did not end. The SDK caches connections by port, those of failed runs included, so it may not
 * reach a later engine. It ignores that error, and the engine sees an empty program and deletes every resource.
 */
export class WatchedProgram {
  readonly program: PulumiFn;
  #progress: "never began" | "never ended" | "ended" = "never began";
  isCutOff = false;

  constructor(program: PulumiFn) {
    this.program = async () => {
      this.#progress = "never ended";
      const outputs = await program();
      this.#progress = "ended";
      return outputs;
    };
  }

  serveWith(server: LanguageServer): LanguageServer {
    const runOfSdk = server.run.bind(server);
    server.run = (call, respond) => {
      this.#progress = "never began";
      let hasResponded = false;
      return runOfSdk(call, (error, response) => {
        // After an error the SDK responds again, without an error.
        if (hasResponded) return;
        hasResponded = true;
        this.isCutOff ||= this.#progress === "never began";
        const isComplete = Boolean(error) || this.#progress === "ended";
        respond(isComplete ? error : new Error(`${UNREACHED}: the program ${this.#progress}`), response);
      });
    };
    return server;
  }
}

const UNREACHED = "The SDK ended a run over its connection to the engine";

/**
 * A language host with an empty program, for CLI commands that need one but run no program.
 *
 * @returns the `runtime` of a Pulumi.yaml that uses it.
 */
export async function emptyLanguageHost(): Promise<{ runtime: object; close(): void }> {
  const { address, close } = await languageHost(async () => ({}));
  return { runtime: { name: "client", options: { address } }, close };
}
