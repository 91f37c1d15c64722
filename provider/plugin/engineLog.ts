import { AsyncLocalStorage } from "node:async_hooks";
import { Client, credentials } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** A silent engine must not hold up a response for longer. */
const LONGEST_SEND_MS = 3_000;

/** Lines on their way to the engine. */
interface Lines {
  /** The resource that they are about. Empty: the stack. */
  urn: string;
  sending: Set<Promise<void>>;
}

/** Shows lines to the user through the engine, which hides what a plugin prints. */
export class EngineLog {
  readonly #request = new AsyncLocalStorage<Lines>();
  /** Lines that no request has caused. */
  readonly #others: Lines = { urn: "", sending: new Set() };
  #engine: Client | undefined;

  /** @param address of the engine. Lines before this are lost. */
  attach(address: string): void {
    // The SDK's own client takes no credentials of this gRPC where a project has another one for the SDK.
    this.#engine = new Client(address, credentials.createInsecure(), {
      // A proxy of the environment is for the API, not for the engine on this machine.
      "grpc.enable_http_proxy": 0,
    });
  }

  /** Shows the lines of this request under the resource. */
  about<T>(urn: string, work: () => T): T {
    return this.#request.run({ urn, sending: new Set() }, work);
  }

  /**
   * Resolves when the engine has the lines of this request until now: it may end once it has the response. Lines of other
   * requests must not hold up this one.
   */
  readonly flush = async (): Promise<void> => {
    await Promise.all([...this.#lines.sending, ...this.#others.sending]);
  };

  readonly report = (line: string): void => this.#log(line, LogSeverity.INFO);

  readonly warn = (line: string): void => this.#log(line, LogSeverity.WARNING);

  #log(line: string, severity: LogSeverity): void {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setMessage(line);
    const { urn, sending } = this.#lines;
    request.setUrn(urn);
    const engine = this.#engine;
    if (engine === undefined) return;
    const { path, requestSerialize, responseDeserialize } = EngineService.log;
    const options = { deadline: Date.now() + LONGEST_SEND_MS };
    const sent = new Promise<void>((resolve) => {
      // A line that the engine does not take must not fail the operation.
      engine.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, () => resolve());
    }).finally(() => sending.delete(sent));
    sending.add(sent);
  }

  get #lines(): Lines {
    return this.#request.getStore() ?? this.#others;
  }
}
