import { AsyncLocalStorage } from "node:async_hooks";
import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Shows lines to the user through the engine, which hides what a plugin prints. */
export class EngineLog {
  readonly #urn = new AsyncLocalStorage<string>();
  #engine: EngineClient | undefined;

  /** @param address of the engine. Lines before this are lost. */
  attach(address: string): void {
    this.#engine = new EngineClient(address, credentials.createInsecure(), {
      // A proxy of the environment is for the API, not for the engine on this machine.
      "grpc.enable_http_proxy": 0,
    });
  }

  /** Shows the lines of this work under the resource. */
  about<T>(urn: string, work: () => T): T {
    return this.#urn.run(urn, work);
  }

  readonly report = (line: string): void => this.#log(line, LogSeverity.INFO);

  readonly warn = (line: string): void => this.#log(line, LogSeverity.WARNING);

  #log(line: string, severity: LogSeverity): void {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setMessage(line);
    request.setUrn(this.#urn.getStore() ?? "");
    // A line that the engine does not take must not fail the operation.
    this.#engine?.log(request, () => {});
  }
}
