import { chmod, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { accountOf, CREATE, declare, declareRotating, IS_PLUGIN, UPDATE, useEngine } from "../engine/fixture";
import { expectFailure, type EngineStack } from "../support/engine";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

const engine = useEngine();

let stack: EngineStack;
let example: string;
let eachClass: string;

beforeAll(async () => {
  const { root, home } = engine.project.folders;
  example = await install(join(root, "example"));
  await cp(join(REPOSITORY_ROOT, "examples", "policy"), example, { recursive: true });
  eachClass = await install(join(root, "each-class"));
  await writeFile(join(eachClass, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  await writeFile(join(eachClass, "package.json"), '{ "version": "1.0.0", "main": "index.js" }');
  await writeFile(join(eachClass, "index.js"), EACH_CLASS);
  const analyzers = join(home, "analyzers");
  await writeAnalyzer(analyzers);
  stack = await engine.stack("policed", async () => {}, {
    env: { PATH: [analyzers, engine.project.env["PATH"]].join(delimiter) },
    config: engine.config(),
  });
});
afterAll(() => stack?.automation.workspace.removeStack("policed", { force: true }));

it("the example's policies match keys, those of a RotatingProxyKey too, and let through what is within them", async () => {
  stack.setProgram(async () => {
    declare("costly", { budget: 17, models: ["gpt-4o"] });
    declare("monthly", { budget: 500, budgetWindow: "monthly", models: ["gpt-4o"] });
    declare("anything", { budget: 1 });
    declareRotating("rotating", { budget: 18, models: ["o3"], rotateEvery: "30d", overlap: "3d" });
  });
  const { output } = await expectFailure(stack.preview({ policyPacks: [example] }));
  expect(violationsIn(output)).toEqual([
    "budget-per-key ProxyKey: costly",
    "budget-per-key ProxyKey: rotating-0",
    "models-named ProxyKey: anything",
  ]);
  expect(output).toContain("The key may spend 527 credits a month, more than 500.");
  expect(engine.takeRequests()).toEqual([]);

  stack.setProgram(async () => {
    declare("monthly", { budget: 500, budgetWindow: "monthly", models: ["gpt-4o"] });
  });
  expect((await stack.up({ policyPacks: [example] })).changes).toMatchObject({ create: 2 });
  expect(engine.takeRequests()).toEqual([CREATE, UPDATE]);
});

it("a policy matches each class, sees what was declared of a RotatingProxyKey, and changes a key's inputs", async () => {
  const { apiKey } = engine.simulator.account();
  stack.setProgram(async () => {
    declare("open", { budget: 1, labels: { owner: "team-a" } });
    const labels = { owner: "team-b" };
    declareRotating("rotating", { budget: 18, labels, rotateEvery: "30d", overlap: "3d" });
    accountOf("team", { apiKey, maxWait: "90s" });
  });
  // Of a dynamic resource, what `up` generates is unknown in a preview, so a policy that copies all inputs of a new key runs
  // in the `up` only.
  const { output: previewed } = await stack.preview({ policyPacks: [eachClass] });
  expect(violationsIn(previewed).includes("names-models ProxyKey: open")).toBe(!IS_PLUGIN);
  const { stdout: output } = await stack.up({ policyPacks: [eachClass] });
  expect(violationsIn(output)).toEqual([
    // The stack's own provider has the same type.
    ...(IS_PLUGIN
      ? ["saw-account electronhub: default_0_1_0", "saw-account electronhub: team"]
      : ["saw-account pulumi-nodejs: default", "saw-account pulumi-nodejs: team"]),
    "saw-key ProxyKey: open",
    "saw-key ProxyKey: rotating-0",
    "saw-rotating RotatingProxyKey: rotating",
  ]);
  expect(output).toContain("18 credits every 30d for team-b");
  expect(output).toContain("waits 90s");
  expect(output).toContain("models gpt-4o of team-a");
  expect(output).toContain("models gpt-4o of team-b");
  const models = engine.simulator
    .account()
    .keys()
    .map(({ modelWhitelist }) => modelWhitelist);
  expect(models).toEqual(models.map(() => ["gpt-4o"]));
  expect(models.length).toBeGreaterThanOrEqual(2);
  expect(output).not.toContain("is not applicable");
});

/** The violations, sorted: which policy, and the resource's class and name. */
function violationsIn(output: string): string[] {
  const lines = output.matchAll(/\[(?:mandatory|advisory)\] +(\S+) +\(\S*[:/](\S+: \S+)\)/g);
  return [...lines].map(([, policy, resource]) => `${policy} ${resource}`).toSorted();
}

/** Advisory policies on each class, and one that changes inputs. */
const EACH_CLASS = `
const { PolicyPack, remediateResourceOfType, validateResourceOfType } = require("@pulumi/policy");
const { Account, ProxyKey, RotatingProxyKey } = require("pulumi-electronhub");
const saw = (type, text) => validateResourceOfType(type, (props, args, report) => report(text(props)));
new PolicyPack("each-class", {
  enforcementLevel: "advisory",
  policies: [
    { name: "saw-rotating", description: "-", validateResource: saw(RotatingProxyKey, (of) => of.budget + " credits every " + of.rotateEvery + " for " + of.labels?.owner) },
    { name: "saw-account", description: "-", validateResource: saw(Account, (of) => "waits " + (of["electronhub:maxWait"] ?? of.maxWait)) },
    { name: "saw-key", description: "-", validateResource: saw(ProxyKey, (of) => "models " + of.models + " of " + of.labels?.owner) },
    {
      name: "names-models",
      description: "-",
      enforcementLevel: "remediate",
      remediateResource: remediateResourceOfType(ProxyKey, (of) => ({ ...of, models: ["gpt-4o"] })),
    },
  ],
});
`;

/** A folder of a pack, with its own node_modules, which name this package. */
async function install(folder: string): Promise<string> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await symlink(REPOSITORY_ROOT, join(folder, "node_modules", "pulumi-electronhub"), "junction");
  return folder;
}

/** What a Pulumi installation brings: the engine starts it to run a policy pack, with the SDK's own runner. */
async function writeAnalyzer(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const runner = join(REPOSITORY_ROOT, "node_modules", "@pulumi", "pulumi", "cmd", "run-policy-pack");
  const script = join(folder, "pulumi-analyzer-policy-nodejs");
  await writeFile(script, `#!/bin/sh\nexec node ${runner} "$@"\n`);
  await chmod(script, 0o755);
}
