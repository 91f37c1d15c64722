import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { REPOSITORY_ROOT } from "../../support/engineEnvironment";
import config from "../../vitest.config.mts";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

interface Job {
  needs?: string;
  uses?: string;
  permissions?: Record<string, string>;
  env?: Record<string, string>;
  strategy?: { matrix: { os: string[]; node: string[] } };
  steps?: Step[];
}

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

interface Manifest {
  scripts: Record<string, string>;
  engines: { node: string };
  devDependencies: Record<string, string>;
}

const read = (path: string) => readFileSync(join(REPOSITORY_ROOT, path), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;
const filesIn = (folder: string) =>
  readdirSync(join(REPOSITORY_ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
const workflow = (name: string) => parse(read(`.github/workflows/${name}`)) as Workflow;
const workflows = filesIn(".github/workflows").map((path) => [path, parse(read(path)) as Workflow] as const);
const jobsOf = ({ jobs }: Workflow) => Object.values(jobs);
const stepsOf = (file: Workflow) => jobsOf(file).flatMap(({ steps = [] }) => steps);
const commandsOf = (file: Workflow) => stepsOf(file).flatMap(({ run = [] }) => run);

it.each(filesIn(".github"))("%s is YAML without errors and duplicate keys", (path) => {
  expect(parse(read(path), { strict: true, uniqueKeys: true })).toBeTypeOf("object");
});

describe.each(workflows)("%s", (_, file) => {
  it("calls only scripts and files that exist", () => {
    const commands = commandsOf(file).join("\n");
    for (const [, script = ""] of commands.matchAll(/npm run (?:--silent )?([\w:-]+)/g))
      expect(manifest.scripts, script).toHaveProperty([script]);
    for (const [path] of commands.matchAll(/(?:node_modules|test|\.ci)\/[\w./-]+/g))
      expect(existsSync(join(REPOSITORY_ROOT, path)), path).toBe(true);
    const called = jobsOf(file).flatMap(({ uses = [] }) => uses);
    expect(called.filter((path) => !existsSync(join(REPOSITORY_ROOT, path)))).toEqual([]);
  });

  it("names projects of the tests that exist", () => {
    const projects = (config.test?.projects ?? []).map((project) =>
      typeof project === "object" && "test" in project ? project.test?.name : project,
    );
    for (const [, project] of commandsOf(file)
      .join("\n")
      .matchAll(/--project (\w+)/g))
      expect(projects).toContain(project);
  });

  it("pins each action, and leaves no token in the clone", () => {
    const used = stepsOf(file).filter(({ uses }) => uses !== undefined);
    for (const { uses } of used) expect(uses).toMatch(/^[\w-]+\/[\w-]+@(?:v\d+|[0-9a-f]{40})$/);
    const clones = used.filter(({ uses = "" }) => uses.startsWith("actions/checkout@"));
    for (const clone of clones) expect(clone.with).toMatchObject({ "persist-credentials": false });
  });

  it("may read the repository only, except in the job that publishes", () => {
    expect(file.permissions).toEqual({ contents: "read" });
    for (const [name, { permissions }] of Object.entries(file.jobs))
      expect(permissions).toEqual(
        name === "publish" ? { contents: "write", "id-token": "write" } : undefined,
      );
  });

  it("puts nothing that others choose into a command", () => {
    for (const command of commandsOf(file)) expect(command).not.toContain("${{");
  });

  it("starts each job with the pinned version's major or the matrix's", () => {
    const [pinned] = (manifest.devDependencies["node"] ?? "").split(".");
    const versions = stepsOf(file)
      .filter(({ uses = "" }) => uses.startsWith("actions/setup-node@"))
      .map((step) => step.with?.["node-version"]);
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) expect([pinned, "${{ matrix.node }}"]).toContain(version);
  });
});

describe("ci.yml", () => {
  const { jobs } = workflow("ci.yml");
  const { os, node } = jobs["fast"]?.strategy?.matrix ?? { os: [], node: [] };

  it("runs on the oldest Node that package.json allows, the pinned one, and later ones", () => {
    expect(manifest.engines.node).toBe(`>=${node[0]}`);
    expect(node).toContain(manifest.devDependencies["node"]?.split(".")[0]);
    expect(node.map(Number).toSorted((a, b) => a - b)).toEqual(node.map(Number));
  });

  it("runs on Linux, macOS and Windows, with the matrix's Node and not with that of `npm run`", () => {
    expect(os.map((system) => system.split("-")[0])).toEqual(["ubuntu", "macos", "windows"]);
    const commands = (jobs["fast"]?.steps ?? []).flatMap(({ run = [] }) => run);
    expect(commands.join("\n")).not.toMatch(/npm run|npx/);
  });

  it("installs the Pulumi CLI that the tests would build", () => {
    const [, pinned] = /pulumi\/pkg\/v3 v(\S+)/.exec(read("test/support/pulumi-cli/go.mod")) ?? [];
    const installed = stepsOf(workflow("ci.yml")).find(({ uses = "" }) => uses.startsWith("pulumi/actions@"));
    expect(installed?.with?.["pulumi-version"]).toBe(pinned);
  });
});

describe("release.yml", () => {
  const file = workflow("release.yml");
  const commands = (file.jobs["publish"]?.steps ?? []).flatMap(({ run = [] }) => run);
  const at = (pattern: RegExp) => commands.findIndex((command) => pattern.test(command));

  it("starts with a version's tag, and publishes only what has passed the checks of tag, changelog and CI", () => {
    expect(file.on).toEqual({ push: { tags: ["v*"] } });
    expect(file.jobs["publish"]?.needs).toBe("ci");
    expect(file.jobs["ci"]).toEqual({ needs: "version", uses: "./.github/workflows/ci.yml" });
    expect(workflow("ci.yml").on).toHaveProperty("workflow_call");
    expect(commandsOf({ ...file, jobs: { version: file.jobs["version"] ?? {} } }).at(-1)).toBe(
      'npm run release:check -- "$GITHUB_REF_NAME"',
    );
  });

  it("has the archives and the changelog's section in a draft before npm has the package, and publishes it last", () => {
    const order = [
      /npm run release$/,
      /--notes /,
      /gh release create .*--draft/s,
      /npm publish/,
      /--draft=false/,
    ];
    const places = order.map(at);
    expect(places).not.toContain(-1);
    expect(places.toSorted((a, b) => a - b)).toEqual(places);
    expect(commands[at(/gh release create/)]).toMatch(/\*\.tar\.gz \.scratch\/release\/SHA256SUMS/);
    expect(commands[at(/npm publish/)]).toBe("npm publish --provenance");
  });

  it("shows a token to the steps that need it only, and runs no script of a dependency beside them", () => {
    const holders = (token: RegExp) =>
      stepsOf(file).flatMap(({ run = "", env }) => (token.test(JSON.stringify(env ?? {})) ? [run] : []));
    expect(holders(/secrets\./)).toEqual(["npm publish --provenance"]);
    for (const run of holders(/github\.token/)) expect(run).toMatch(/^gh release /);
    expect(JSON.stringify(jobsOf(file).map(({ env }) => env ?? {}))).not.toMatch(/token|secrets/);
    expect(commands.filter((command) => /npm (?:ci|install)/.test(command))).toEqual([
      "npm ci --ignore-scripts",
    ]);
  });
});

describe("the forms for issues", () => {
  const form = (name: string) =>
    parse(read(`.github/ISSUE_TEMPLATE/${name}`)) as { body: { id?: string; validations?: object }[] };

  it.each(["bug.yml", "feature.yml"])("%s warns of pasting a key", (name) => {
    expect(read(`.github/ISSUE_TEMPLATE/${name}`)).toMatch(/never paste a key/i);
  });

  it("asks for the versions and for what doctor prints", () => {
    const required = form("bug.yml").body.filter(({ validations }) => validations !== undefined);
    expect(required.map(({ id }) => id)).toEqual(expect.arrayContaining(["versions", "doctor"]));
    expect(read(".github/ISSUE_TEMPLATE/bug.yml")).toContain("doctor --json");
  });
});
