/** What users write: as text, since it must run and compile in their project and not in this repository. */

export const COMMONJS = `
const { ProxyKey } = require("pulumi-electronhub");
const handler = require("pulumi-electronhub/handler");
const { startSimulator } = require("pulumi-electronhub/testing");
const { version } = require("pulumi-electronhub/package.json");
console.log(JSON.stringify([typeof ProxyKey, Object.keys(handler).sort(), typeof startSimulator, version]));
`;

export const ESM = `
import { ProxyKey } from "pulumi-electronhub";
import * as all from "pulumi-electronhub";
import * as handler from "pulumi-electronhub/handler";
import { startSimulator } from "pulumi-electronhub/testing";
import manifest from "pulumi-electronhub/package.json" with { type: "json" };
const ofNode = ["__esModule", "default", "module.exports"];
const names = Object.keys(handler).filter((name) => !ofNode.includes(name)).sort();
if (all.ProxyKey !== ProxyKey) throw new Error("There are two of them.");
console.log(JSON.stringify([typeof ProxyKey, names, typeof startSimulator, manifest.version]));
`;

/** Asks the account that the environment names, outside of Pulumi. */
export const sharedWindowProgram = (environment: Readonly<Record<string, string>>) => `
Object.assign(process.env, ${JSON.stringify(environment)});
const { getProxyKeys } = require("pulumi-electronhub");
getProxyKeys().then((keys) => console.log(keys.length + " keys"));
`;

/** Both ways into one process give the same class. */
export const BOTH = `
import { createRequire } from "node:module";
import { ProxyKey } from "pulumi-electronhub";
const required = createRequire(import.meta.url)("pulumi-electronhub");
console.log(required.ProxyKey === ProxyKey);
`;

export const DEEP_IMPORT = `require("pulumi-electronhub/dist/lifecycle/state");`;

/** Makes a stack of the program. */
const STACK = `const stack = await LocalWorkspace.createOrSelectStack(
  { projectName: "fresh", stackName: "test", program },
  { workDir: process.cwd() },
);
await stack.setAllConfig({
  "electronhub:apiKey": { value: apiKey, secret: true },
  "electronhub:baseUrl": { value: baseUrl },
});
`;

/** An inline program of the Automation API, started inside the user's project. */
export const INLINE_PROGRAM = `
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { ProxyKey } from "pulumi-electronhub";

const [verb, apiKey, baseUrl] = process.argv.slice(2);
const program = async () => {
  const bot = new ProxyKey("ci-bot", { budget: 25, models: ["gpt-4o-mini"] });
  new ProxyKey("nightly", { budget: 5 });
  return { key: bot.key, fingerprint: bot.fingerprint };
};
${STACK}const { summary } = await stack[verb]();
console.log(JSON.stringify({ changes: summary.resourceChanges, outputs: await stack.outputs() }));
`;

/** The same for the provider plugin, as a generated SDK registers its resources. Prints the changes, and what the engine says. */
export const PLUGIN_PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";

const [verb, apiKey, baseUrl, budget, now] = process.argv.slice(2);
const ROTATED = ["current", "previous", "currentFingerprint", "previousFingerprint", "rotatesAt", "previousValidUntil"];
const unresolved = Object.fromEntries(ROTATED.map((name) => [name, undefined]));
const program = async () => {
  const bot = new pulumi.CustomResource("electronhub:index:ProxyKey", "bot", { key: undefined, budget: Number(budget) });
  const rotating = new pulumi.ComponentResource(
    "electronhub:index:RotatingProxyKey",
    "rotating",
    { ...unresolved, budget: 3, rotateEvery: "30d", overlap: "7d", now },
    {},
    true,
  );
  const { subscription } = await pulumi.runtime.invoke("electronhub:index:getAccount", {});
  return { key: bot.key, current: rotating.current, subscription };
};
${STACK}let said = "";
const { summary } = await stack[verb]({ onOutput: (text) => (said += text) });
console.log(JSON.stringify({ changes: summary.resourceChanges, said, outputs: await stack.outputs() }));
`;
