import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  backendIdIn,
  backendIdOf,
  reportedBackendId,
} from "../../../../provider/lifecycle/creations/backend";

let root: string;
const at = (...parts: string[]) => join(root, ...parts);

/** A folder that a backend is in. */
async function state(...parts: string[]): Promise<string> {
  await mkdir(at(...parts, ".pulumi"), { recursive: true });
  return at(...parts);
}

async function project(text: string, file = "Pulumi.yaml"): Promise<void> {
  await mkdir(at("app", "infra"), { recursive: true });
  await writeFile(at("app", file), text);
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "backend-")));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a backend's identity", () => {
  it("is the same for every spelling of a folder", async () => {
    const folder = await state("state");
    await symlink(folder, at("link"), "junction");
    const id = backendIdOf(`file://${folder}`, "/");
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    for (const [url, from] of [
      [`file://${folder}/`, "/"],
      [`file://${at("other", "..", "state")}`, "/"],
      [`file://${folder}?no_tmp_dir=true`, "/"],
      ["file://./state", root],
      ["file://state", root],
      ["file://.", folder],
      ["file://../state", folder],
      [`file://${at("link")}`, "/"],
    ] as const) {
      expect(backendIdOf(url, from), url).toBe(id);
    }
  });

  it("of a folder that was replaced, or lies elsewhere, is another one", async () => {
    const id = backendIdOf(`file://${await state("state")}`, "/");
    expect(backendIdOf(`file://${await state("state2")}`, "/")).not.toBe(id);
    await rename(at("state"), at("before"));
    expect(backendIdOf(`file://${await state("state")}`, "/")).not.toBe(id);
    // A file system may give the inode of a removed folder to the next one.
    const second = backendIdOf(`file://${at("state")}`, "/");
    await rm(at("state"), { recursive: true });
    expect(backendIdOf(`file://${await state("state")}`, "/")).not.toBe(second);
  });

  it("is not known of a folder without a backend", async () => {
    await mkdir(at("empty"));
    for (const folder of ["empty", "missing"])
      expect(backendIdOf(`file://${at(folder)}`, "/")).toBeUndefined();
  });

  it("starts at the user's home after a tilde", () => {
    const inHome = backendIdOf("file://~", root);
    expect(inHome).toBe(backendIdOf(`file://${userInfo().homedir}`, "/"));
    expect(backendIdOf("file://~/missing-folder", root)).toBeUndefined();
  });

  it("is a URL's without its password and its last slash, and with its query", () => {
    const id = (url: string) => backendIdOf(url, "/");
    expect(id("https://api.pulumi.com/")).toBe(id("https://API.pulumi.com"));
    expect(id("postgres://me:one@host/db")).toBe(id("postgres://me:two@host/db"));
    const urls = [
      "s3://a",
      "s3://a?region=x",
      "s3://a?region=y",
      "s3://a/b",
      "gs://a",
      "https://api.pulumi.com",
    ];
    expect(new Set(urls.map(id)).size).toBe(urls.length);
    expect(id("no url")).toBeUndefined();
  });

  it.each([
    ["azblob://state", "AZURE_STORAGE_ACCOUNT"],
    ["s3://state", "AWS_ENDPOINT_URL_S3"],
    ["s3://state", "AWS_ENDPOINT_URL"],
    ["postgres:///state", "PGHOST"],
  ])("is another one where %s leaves to %s where it is", (url, variable) => {
    const id = (value: string) => backendIdIn({ PULUMI_BACKEND_URL: url, [variable]: value }, "/", "app");
    expect(id("dev")).toBe(id("dev"));
    expect(id("dev")).not.toBe(id("prod"));
  });
});

describe("the backend that a plugin works for", () => {
  const here = (environment: Record<string, string> = {}, folder = at("app", "infra")) =>
    backendIdIn({ PULUMI_HOME: at("home"), ...environment }, folder, "app");

  async function login(current: string): Promise<void> {
    await mkdir(at("home"), { recursive: true });
    await writeFile(at("home", "credentials.json"), JSON.stringify({ current }));
  }

  it("is that of the environment, of the project's file, or of the last login, in this order", async () => {
    await login("s3://login");
    await project("name: app\nruntime: nodejs\n");
    expect(here()).toBe(backendIdOf("s3://login", "/"));
    await project("name: app\nbackend:\n  url: ''\n");
    expect(here()).toBe(backendIdOf("s3://login", "/"));
    await project("name: app\nbackend:\n  url: s3://file\n");
    expect(here()).toBe(backendIdOf("s3://file", "/"));
    expect(here({ PULUMI_BACKEND_URL: "s3://environment" })).toBe(backendIdOf("s3://environment", "/"));
    expect(here({ PULUMI_BACKEND_URL: "" })).toBe(backendIdOf("s3://file", "/"));
  });

  it("of a relative path starts at the project's file, wherever the program is", async () => {
    const folder = await state("app", "state");
    await project("name: app\nmain: infra\nbackend:\n  url: file://./state\n");
    expect(here()).toBe(backendIdOf(`file://${folder}`, "/"));
    expect(here({ PULUMI_BACKEND_URL: "file://state" })).toBe(backendIdOf(`file://${folder}`, "/"));
  });

  it("is Pulumi's service with a token and no login", async () => {
    await project("name: app\n");
    expect(here()).toBeUndefined();
    expect(here({ PULUMI_ACCESS_TOKEN: "made-up" })).toBe(backendIdOf("https://api.pulumi.com", "/"));
    expect(here({ PULUMI_ACCESS_TOKEN: "made-up", PULUMI_API: "https://api.example" })).toBe(
      backendIdOf("https://api.example", "/"),
    );
  });

  it.each([
    [
      'name: "app"\nbackend:\r\n    # a comment\n\n    url: "s3://file" # another\nruntime: nodejs\n',
      "Pulumi.yaml",
    ],
    ["backend:\n  url: 's3://file'\nname: app # ours\n", "Pulumi.yml"],
    ["name: app\nbackend: # where\n  other: x\n  url: s3://file", "Pulumi.yaml"],
    [JSON.stringify({ name: "app", backend: { url: "s3://file" } }), "Pulumi.json"],
  ])("is read from %j", async (text, file) => {
    await login("s3://login");
    await project(text, file);
    expect(here()).toBe(backendIdOf("s3://file", "/"));
  });

  it.each([
    ["another project's file", "name: other\n", "Pulumi.yaml"],
    ["a file without a name", "runtime: nodejs\n", "Pulumi.yaml"],
    ["a backend in flow style", "name: app\nbackend: {url: s3://file}\n", "Pulumi.yaml"],
    ["a deeper map", "name: app\nbackend:\n  other:\n    url: s3://file\n", "Pulumi.yaml"],
    ["a backend without a URL", "name: app\nbackend:\nother:\n  url: s3://file\n", "Pulumi.yaml"],
    ["an anchor", "name: app\nbackend:\n  url: &url s3://file\n", "Pulumi.yaml"],
    ["a merged map", "name: app\nbackend:\n  <<: *defaults\nother:\n  url: s3://other\n", "Pulumi.yaml"],
    ["a file that is cut off", '{"name":', "Pulumi.json"],
  ])("is not guessed from %s", async (_, text, file) => {
    await login("s3://login");
    await project(text, file);
    expect(here()).toBeUndefined();
  });

  it("is not guessed where there is no project", async () => {
    await login("s3://login");
    await mkdir(at("app", "infra"), { recursive: true });
    expect(here()).toBeUndefined();
  });
});

describe("the backend that Pulumi reports to a command", () => {
  const reported = (url: string, environment: Record<string, string> = {}) =>
    reportedBackendId(url, { PULUMI_HOME: at("home"), ...environment }, at("app"), "app");

  it("is the one that counts, in the CLI's folder", async () => {
    const folder = await state("app", "state");
    await project("name: app\nbackend:\n  url: s3://file\n");
    expect(reported("file://./state")).toBe(backendIdOf(`file://${folder}`, "/"));
    expect(reported("s3://other")).toBe(backendIdOf("s3://other", "/"));
  });

  it("of a service is the API's, which Pulumi selects, and not the console's", async () => {
    const console = "https://app.pulumi.com/me";
    await project("name: app\nbackend:\n  url: https://api.pulumi.com\n");
    expect(reported(console)).toBe(backendIdOf("https://api.pulumi.com", "/"));
    expect(reported(console, { PULUMI_BACKEND_URL: "s3://file" })).toBeUndefined();
    await project("name: other\n");
    expect(reported(console)).toBeUndefined();
  });
});
