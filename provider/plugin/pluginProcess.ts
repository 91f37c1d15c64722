import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";
import { engineAt } from "../lifecycle/run/engineLiveness";
import { endWithEngine } from "../lifecycle/run/endWithEngine";
import { ProxyKeyProvider } from "../lifecycle/provider";
import { PLUGIN_PROXY_KEY_TOKEN, PLUGIN_ROTATION_TOKEN } from "../lifecycle/schema/typeTokens";
import type { Properties } from "../lifecycle/schema/inputs";
import { keysOfRun, systemDependencies } from "../lifecycle/system";
import { redact } from "../util/redact";
import { CancelledError } from "./cancelledError";
import { EngineLog } from "./engineLog";
import { proxyKeyVerbs } from "./proxyKeyVerbs";
import { rotationVerbs } from "./rotationVerbs";
import type { ServiceParts } from "./service";
import type { Verbs } from "./verbs";

/** What this process serves: one lifecycle for all resources, so that they share the account's rate limit and its list. */
export class PluginProcess implements ServiceParts {
  readonly log = new EngineLog();
  readonly #stop = new AbortController();
  #engineAddress: string | undefined;
  #reference = "";
  #lifecycle: ProxyKeyProvider | undefined;
  #failConstructions: ((reason: unknown) => void) | undefined;
  #setting: (key: string) => string | undefined = () => undefined;

  /** The engine's address comes as an argument, or by `attach` from an engine that did not start the process. */
  attach(address: string): void {
    if (this.#engineAddress !== undefined || engineAt(address) === undefined) return;
    this.#engineAddress = address;
    this.log.attach(address);
  }

  configure(setting: (key: string) => string | undefined, reference: string): void {
    this.#setting = setting;
    this.#reference = reference;
    this.#provider.configure(setting);
  }

  hasApiKey(): boolean {
    return this.#provider.hasApiKey;
  }

  verbsOf(type: string): Verbs | undefined {
    if (type === PLUGIN_PROXY_KEY_TOKEN) return proxyKeyVerbs(this.#provider);
    return type === PLUGIN_ROTATION_TOKEN ? rotationVerbs(this.log.report) : undefined;
  }

  /** Loads the SDK, which the keys' verbs do not need. */
  async invoke(token: string, args: Properties): Promise<Properties> {
    const { callFunction } = await import("./functions.js");
    return callFunction(token, args, { begin: () => this.#provider.begin() });
  }

  async construct(request: ConstructRequest): Promise<ConstructResponse> {
    const { construct, failConstructions } = await import("./construct.js");
    this.#failConstructions = failConstructions;
    return construct(request, { engineAddress: this.#engineAddress ?? "", provider: this.#reference });
  }

  cancel(): void {
    this.#stop.abort(new CancelledError());
  }

  /** An error that no operation awaits, such as one within a component's `apply`. */
  failed(reason: unknown): void {
    const fail = this.#failConstructions;
    if (fail !== undefined) fail(reason);
    else this.log.warn(redact(reason instanceof Error ? reason.message : String(reason)));
  }

  get #provider(): ProxyKeyProvider {
    if (this.#lifecycle !== undefined) return this.#lifecycle;
    const { report } = this.log;
    const engine = engineAt(this.#engineAddress);
    const dependencies = systemDependencies(report);
    const lifecycle = new ProxyKeyProvider({
      ...dependencies,
      engine,
      signal: this.#stop.signal,
      keysOfRun: keysOfRun(engine && this.#engineAddress, report),
    });
    if (engine !== undefined) {
      endWithEngine({
        engine,
        transport: dependencies.transport,
        stop: (reason) => this.#stop.abort(reason),
        running: () => lifecycle.running,
      });
    }
    lifecycle.configure(this.#setting);
    return (this.#lifecycle = lifecycle);
  }
}
