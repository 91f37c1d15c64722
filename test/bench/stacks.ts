import * as pulumi from "@pulumi/pulumi";
import { ProxyKey, type ProxyKeyArgs } from "pulumi-electronhub";

import type { Simulator } from "../../provider/testing";
import { createEngineProject, type EngineProject, type EngineStack } from "../support/engine";
import { PluginKey } from "../support/pluginResources";
import { installBundle, installNoop } from "./executables";

interface Declaration {
  count: number;
  budget: number;
  baseUrl: string;
  apiKey: string;
}

type Declare = (declaration: Declaration) => void;

const { declareNoopKeys } = require("./providers/noop.cjs") as { declareNoopKeys: Declare };
const { declarePlainKeys } = require("./providers/plain.cjs") as { declarePlainKeys: Declare };

/** With generated names: one request each. */
const declareOurKeys: Declare = ({ count, budget }) => declareKeys(count, () => ({ budget }));

/** The same through the provider plugin. */
const declarePluginKeys: Declare = ({ count, budget }) => {
  for (let at = 0; at < count; at++) void new PluginKey(`key-${at}`, { budget });
};

class NoopPluginKey extends pulumi.CustomResource {
  constructor(name: string, args: { name: string; budget: number }) {
    super("noop:index:Key", name, { key: undefined, ...args }, { additionalSecretOutputs: ["key"] });
  }
}

const declareNoopPluginKeys: Declare = ({ count, budget }) => {
  for (let at = 0; at < count; at++) void new NoopPluginKey(`key-${at}`, { name: `key-${at}`, budget });
};

/** With chosen names, as the other providers have them: an update sets each. */
const declareNamedKeys: Declare = ({ count, budget }) =>
  declareKeys(count, (at) => ({ name: `key-${at}`, budget }));

function declareKeys(count: number, argsOf: (at: number) => ProxyKeyArgs): void {
  for (let at = 0; at < count; at++) void new ProxyKey(`key-${at}`, argsOf(at));
}

const DECLARATIONS = {
  noop: declareNoopKeys,
  plain: declarePlainKeys,
  ours: declareOurKeys,
  "ours, chosen names": declareNamedKeys,
  "noop plugin": declareNoopPluginKeys,
  plugin: declarePluginKeys,
  "plugin, bundled": declarePluginKeys,
};

export type ProviderName = keyof typeof DECLARATIONS;

/** What the PATH needs beside the built plugin. */
const INSTALLATIONS: Partial<Record<ProviderName, (folder: string) => Promise<void>>> = {
  "noop plugin": installNoop,
  "plugin, bundled": installBundle,
};

/** The same keys with one of the providers, in a separate project. */
export interface BenchStack {
  project: EngineProject;
  stack: EngineStack;
  /** Sets what later operations declare. */
  declare(change: Partial<Pick<Declaration, "count" | "budget">>): void;
}

export const STACK_NAME = "bench";

export async function createBenchStack(
  provider: ProviderName,
  simulator: Simulator,
  count: number,
): Promise<BenchStack> {
  const { baseUrl } = simulator;
  const { apiKey } = simulator.account();
  const declaration: Declaration = { count, budget: 1, baseUrl, apiKey };
  const project = await createEngineProject({ name: `bench-${provider.replaceAll(/\W+/g, "-")}` });
  await INSTALLATIONS[provider]?.(project.folders.bin);
  const stack = await project.stack(STACK_NAME, async () => DECLARATIONS[provider](declaration), {
    config: {
      "electronhub:apiKey": { value: apiKey, secret: true },
      "electronhub:baseUrl": { value: baseUrl },
    },
  });
  return { project, stack, declare: (change) => void Object.assign(declaration, change) };
}

/** Runs `pulumi destroy`. @returns its time in milliseconds. @throws if it fails. */
export async function destroy({ project }: BenchStack): Promise<number> {
  const { exitCode, output, durationMs } = await project.destroy(STACK_NAME);
  if (exitCode !== 0) throw new Error(`pulumi destroy failed:\n${output}`);
  return durationMs;
}

/** The size of a key in the exported state as JSON, secrets encrypted. */
export async function stateBytes({ project }: BenchStack): Promise<number> {
  const resources = await project.resources(STACK_NAME);
  const keys = resources.filter(({ type }) => !type.startsWith("pulumi:"));
  return keys.reduce((sum, resource) => sum + JSON.stringify(resource).length, 0) / keys.length;
}
