import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";
import { EngineGoneError, engineAt, watchEngine } from "../lifecycle/run/engineLiveness";
import { endWithEngine } from "../lifecycle/run/endWithEngine";
import { ProxyKeyProvider } from "../lifecycle/provider";
import { PLUGIN_PROXY_KEY_TOKEN, PLUGIN_ROTATION_TOKEN } from "../lifecycle/schema/typeTokens";
import type { Properties } from "../lifecycle/schema/inputs";
import { keysOfRun, systemDependencies } from "../lifecycle/system";
import { redact } from "../util/redact";
import { sortedJson } from "../util/sortedJson";
import { UserError } from "../util/userError";
import { CancelledError } from "./cancelledError";
import { settingReader } from "./configuration";
import { EngineLog } from "./engineLog";
import { onceEach } from "./onceEach";
import { proxyKeyVerbs } from "./proxyKeyVerbs";
import { rotationVerbs } from "./rotationVerbs";
import type { ServiceParts } from "./service";
import type { Verbs } from "./verbs";

/** What this process serves: one lifecycle for all resources, so that they share the account's rate limit and its list. */
export class PluginProcess implements ServiceParts {
  readonly log = new EngineLog();
  #stop = new AbortController();
  #engineAddress: string | undefined;
  #reference = "";
  /** An engine has started the process, rather than a person. */
  readonly #endsWithEngine: boolean;
  #lifecycle: ProxyKeyProvider | undefined;
  #failConstructions: ((reason: unknown) => void) | undefined;
  #settings: Properties | undefined;
  #taken = new Map<string, string>();
  readonly #once = onceEach();

  /** @param engineAddress from the command line. Otherwise engines attach to the process, one after the other. */
  constructor(engineAddress: string | undefined) {
    this.#endsWithEngine = engineAt(engineAddress) !== undefined;
    if (this.#endsWithEngine) this.#begin(String(engineAddress));
  }

  async attach(address: string): Promise<void> {
    if (engineAt(address) === undefined || address === this.#engineAddress) return;
    if ((await engineAt(this.#engineAddress)?.isAlive()) !== true) this.#settings = undefined;
    this.#begin(address);
  }

  configure(settings: Properties, reference: string): void {
    // Engines and providers that attach to one process must not create and remove keys with each other's API key.
    if (this.#settings !== undefined && sortedJson(this.#settings) !== sortedJson(settings))
      throw new OtherSettingsError();
    this.#settings = settings;
    this.#reference = reference;
    this.#provider.configure(settingReader(settings));
  }

  hasApiKey(): boolean {
    return this.#provider.hasApiKey;
  }

  verbsOf(type: string): Verbs | undefined {
    if (type === PLUGIN_PROXY_KEY_TOKEN) return proxyKeyVerbs(this.#provider, this.#note, this.#taken);
    return type === PLUGIN_ROTATION_TOKEN ? rotationVerbs(this.log.report) : undefined;
  }

  /** Loads the SDK, which the keys' verbs do not need. */
  async invoke(token: string, args: Properties): Promise<Properties> {
    const { callFunction } = await import("./functions.js");
    return callFunction(token, args, { begin: () => this.#provider.begin() });
  }

  async construct(request: ConstructRequest): Promise<ConstructResponse> {
    const { construct, failConstructions } = await import("./component/construct.js");
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

  readonly #note = (line: string): void => this.#once(line, this.log.report);

  /** Begins a run of the engine. */
  #begin(engineAddress: string): void {
    this.#engineAddress = engineAddress;
    this.#lifecycle = undefined;
    this.#stop = new AbortController();
    this.#taken = new Map();
    this.log.attach(engineAddress);
  }

  get #provider(): ProxyKeyProvider {
    if (this.#lifecycle !== undefined) return this.#lifecycle;
    const { report } = this.log;
    const engine = engineAt(this.#engineAddress);
    const dependencies = systemDependencies(report);
    const stop = this.#stop;
    const lifecycle = new ProxyKeyProvider({
      ...dependencies,
      engine,
      signal: stop.signal,
      keysOfRun: keysOfRun(engine && this.#engineAddress, report),
      reported: this.log.flush,
    });
    const end = (reason: Error) => stop.abort(reason);
    if (engine !== undefined && this.#endsWithEngine) {
      const { transport } = dependencies;
      endWithEngine({ engine, transport, stop: end, running: () => lifecycle.running });
    } else if (engine !== undefined) {
      watchEngine({ engine, onGone: () => end(new EngineGoneError()) });
    }
    if (this.#settings !== undefined) lifecycle.configure(settingReader(this.#settings));
    return (this.#lifecycle = lifecycle);
  }
}

class OtherSettingsError extends UserError {
  override readonly name = "OtherSettingsError";
  constructor() {
    super({
      why: "This process of pulumi-resource-electronhub serves a provider with other settings, and can serve one only.",
      nextStep:
        "Leave PULUMI_DEBUG_PROVIDERS out, or declare one provider of Electron Hub and wait for other runs to end.",
    });
  }
}
