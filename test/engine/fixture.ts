import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import {
  Account,
  getProxyKeysOutput,
  ProxyKey,
  RotatingProxyKey,
  type AccountArgs,
  type ProxyKeyArgs,
  type ProxyKeyInfo,
  type RotatingProxyKeyArgs,
} from "pulumi-electronhub";
import { callPlugin, PluginAccount, PluginKey, PluginRotatingKey } from "../support/pluginResources";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import {
  DEFAULT_DIALECT,
  startSimulator,
  type AccountOptions,
  type InjectedFault,
  type JournalEntry,
  type Simulator,
} from "../../provider/testing";
import {
  createEngineProject,
  type EngineProject,
  type EngineStack,
  type StackConfig,
  type StackOptions,
  type StateResource,
} from "../support/engine";

export const CREATE = "POST /auth/proxy/create";
export const LIST = "GET /auth/proxy";
export const LOOKUP = "POST /auth/proxy/lookup";
export const UPDATE = "POST /auth/proxy/update";
export const TOGGLE = "POST /auth/proxy/toggle";
export const REMOVE = "POST /auth/proxy/remove";

/** Whether the tests declare keys through the provider plugin, rather than the dynamic provider. */
export const IS_PLUGIN = process.env["DOOR"] === "plugin";

/** A test of the lifecycle, which both doors share: in a file that runs through both, it runs once, to save time. */
export const itOnce = IS_PLUGIN
  ? (Object.assign(leftOut, { each: () => leftOut }) as unknown as typeof it)
  : it;

function leftOut(): void {}

/** The type token: a contract, so it is written out here rather than computed. */
export const PROXY_KEY = IS_PLUGIN
  ? "electronhub:index:ProxyKey"
  : "pulumi-nodejs:dynamic/electronhub:ProxyKey";

/** The engine's type of the account's provider, explicit or not. */
export const PROVIDER = IS_PLUGIN ? "pulumi:providers:electronhub" : "pulumi:providers:pulumi-nodejs";

/** In the command line of the process that serves the keys, and of the launcher before it. */
export const PLUGIN_PROCESS = IS_PLUGIN ? /pulumi-resource-electronhub/ : /dynamic-provider/;
export const PLUGIN_LAUNCHER = IS_PLUGIN ? PLUGIN_PROCESS : /pulumi-resource-pulumi-nodejs/;

export interface Engine {
  readonly simulator: Simulator;
  readonly project: EngineProject;
  /** The configuration of a stack that works on an account. Default: the simulator's first account. */
  config(account?: string): StackConfig;
  /** A stack on the first account, unless its options say otherwise. */
  stack(name: string, program: PulumiFn, options?: StackOptions): Promise<EngineStack>;
  /** The requests since the last take, in order of arrival; concurrent ones have no fixed order. */
  takeRequests(): string[];
  /** The same, with bodies and answers. */
  takeJournal(): readonly JournalEntry[];
  /** The proxy keys in a stack's state, by resource name. */
  keysInState(stack: string): Promise<Record<string, StateResource>>;
  /** The proxy keys themselves, by resource name. */
  secretKeys(stack: string): Promise<Record<string, string>>;
  /** Expects that a preview finds nothing to do and asks the API nothing. */
  expectNoChange(stack: EngineStack): Promise<void>;
}

/** One simulator and one project for a file of tests; every test leaves the accounts empty and finds them so. */
export function useEngine(accounts: readonly AccountOptions[] = [{ name: "main" }]): Engine {
  let simulator: Simulator | undefined;
  let project: EngineProject | undefined;
  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("The fixture starts with the first test.");
    return part;
  };

  beforeAll(async () => {
    simulator = await startSimulator({ accounts });
    project = await createEngineProject();
  });
  afterEach(() => {
    engine.takeJournal();
    engine.simulator.clearFaults();
    Object.assign(engine.simulator.dialect, DEFAULT_DIALECT);
    for (const { name } of accounts) {
      const account = engine.simulator.account(name);
      for (const { key } of account.keys()) account.removeKey(key);
    }
  });
  afterAll(async () => {
    await project?.dispose();
    await simulator?.close();
  });

  const engine: Engine = {
    get simulator() {
      return started(simulator);
    },
    get project() {
      return started(project);
    },
    config: (account) => ({
      "electronhub:apiKey": { value: engine.simulator.account(account).apiKey, secret: true },
      "electronhub:baseUrl": { value: engine.simulator.baseUrl },
    }),
    stack: (name, program, options = {}) =>
      engine.project.stack(name, program, { config: engine.config(), ...options }),
    takeRequests: () => engine.takeJournal().map(({ method, path }) => `${method} ${path}`),
    takeJournal: () => {
      const { journal, violations } = engine.simulator;
      engine.simulator.clearJournal();
      expect(violations, "what no client may do").toEqual([]);
      return journal;
    },
    keysInState: async (stack) => {
      const resources = await engine.project.resources(stack, PROXY_KEY);
      return Object.fromEntries(resources.map((resource) => [resourceName(resource.urn), resource]));
    },
    secretKeys: async (stack) => {
      const { deployment } = await engine.project.exportState(stack, { showSecrets: true });
      const ours = (deployment.resources ?? []).filter(({ type }) => type === PROXY_KEY);
      return Object.fromEntries(
        ours.map(({ urn, outputs }) => [resourceName(urn), plaintextOf(outputs?.["key"])]),
      );
    },
    expectNoChange: async (stack) => {
      const { changes } = await stack.preview();
      expect(Object.keys(changes)).toEqual(["same"]);
      expect(engine.takeRequests()).toEqual([]);
    },
  };
  return engine;
}

/** A program that declares a key for each entry, by resource name, with a budget of 10 unless it says otherwise. */
export function program(keys: Readonly<Record<string, Partial<ProxyKeyArgs>>>): PulumiFn {
  return async () => {
    for (const [resource, args] of Object.entries(keys)) declare(resource, { budget: 10, ...args });
  };
}

export function declare(
  resource: string,
  args: ProxyKeyArgs,
  options: pulumi.CustomResourceOptions = {},
): ProxyKey {
  if (!IS_PLUGIN) return new ProxyKey(resource, args, options);
  // It has the same outputs.
  return new PluginKey(resource, args, options) as ProxyKey;
}

export function declareRotating(
  name: string,
  args: RotatingProxyKeyArgs,
  options: pulumi.ComponentResourceOptions = {},
): RotatingProxyKey {
  if (!IS_PLUGIN) return new RotatingProxyKey(name, args, options);
  // It has the same outputs.
  return new PluginRotatingKey(name, args, options) as RotatingProxyKey;
}

/** An account of its own, to pass as the option `provider`. */
export function accountOf(name: string, args: AccountArgs): pulumi.ProviderResource {
  return IS_PLUGIN ? new PluginAccount(name, { ...args }) : new Account(name, args);
}

/** Settings as the state has them in the properties of a provider. */
export function settingsInState(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const prefix = IS_PLUGIN ? "" : "electronhub:";
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${prefix}${name}`, value]));
}

/** Properties of a key as the state has them: that of the plugin has no list where there is no limit. */
export function keyInState(properties: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const isLeftOut = (name: string) =>
    IS_PLUGIN && properties[name] === { models: "all", allowedIps: "any" }[name];
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !isLeftOut(name)));
}

/** The keys of an account, asked for by a function of the package or of the plugin. */
export function keysOn(provider: pulumi.ProviderResource): pulumi.Output<Pick<ProxyKeyInfo, "name">[]> {
  if (!IS_PLUGIN) return getProxyKeysOutput({}, { provider: provider as Account });
  // Without its settings, in a preview, the engine answers in the place of the provider.
  return callPlugin("getProxyKeys", {}, { provider }).apply(({ keys = [] }) => keys as ProxyKeyInfo[]);
}

/** The URN of a key that no component holds. */
export function urnOf(engine: Engine, stack: string, resource: string): string {
  return `urn:pulumi:${stack}::${engine.project.name}::${PROXY_KEY}::${resource}`;
}

export function resourceName(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** Of a secret's envelope, as `stack export --show-secrets` has it. */
function plaintextOf(envelope: unknown): string {
  return JSON.parse((envelope as { plaintext: string }).plaintext) as string;
}

/** The generated names under which the keys of a resource are created; a chosen name is set by a later update. */
export function createdFor(resource: string): RegExp {
  return new RegExp(`^${resource.slice(0, 17)}-[a-z2-7]{7}$`);
}

/** `count` times the same request. */
export function times(count: number, request: string): string[] {
  return Array.from({ length: count }, () => request);
}

/** The requests about one key, in order. */
export function requestsAbout(journal: readonly JournalEntry[], key: string): string[] {
  return journal
    .filter(({ body }) => field(body, "proxy_key") === key)
    .map(({ method, path }) => `${method} ${path}`);
}

/** A field of a request's body. */
export function field(body: JournalEntry["body"], name: string): unknown {
  return (body as Readonly<Record<string, unknown>> | undefined)?.[name];
}

/** Resolves when every fault holds its request, so that all of them are in flight at once; rejects when `running` ends first. */
export async function allReached(faults: readonly InjectedFault[], running: Promise<unknown>): Promise<void> {
  const ended = running.then(() => {
    throw new Error("The operation ended before every fault had its request.");
  });
  await Promise.race([Promise.all(faults.map((fault) => fault.reached())), ended]);
}

/** The last part of what an operation prints, where each error stands once. */
export function diagnosticsOf(output: string): string {
  return output.slice(output.lastIndexOf("\nDiagnostics:"));
}
