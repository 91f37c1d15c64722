import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY_ROOT } from "../../support/engineEnvironment";
import { repositoryUrl } from "../../support/repositoryUrl";

const read = (path: string) => readFileSync(join(REPOSITORY_ROOT, path), "utf8");
const json = (path: string) => JSON.parse(read(path)) as Record<string, unknown>;

it("is the same in package.json and in the plugin's schema", () => {
  const url = repositoryUrl();
  expect(url).toMatch(/^https:\/\/github\.com\/[\w-]+\/[\w-]+$/);
  expect(json("package.json")).toMatchObject({
    homepage: `${url}#readme`,
    bugs: `${url}/issues`,
    publishConfig: { access: "public", provenance: true },
  });
  expect(json("provider/plugin/schema.json")).toMatchObject({
    homepage: url,
    repository: url,
    pluginDownloadURL: url.replace("https://github.com/", "github://api.github.com/"),
    language: {
      go: { importBasePath: expect.stringContaining(`${url.replace("https://", "")}/`) as string },
    },
  });
});

/** Where a text of the project may name the repository. */
const TEXTS = ["README.md", "CHANGELOG.md", ...filesBelow(".github"), ...filesBelow("examples")];

it.each(TEXTS)("%s names this repository by no other address", (path) => {
  const [, project = ""] = /github\.com(\/.*)$/.exec(repositoryUrl()) ?? [];
  const own = [...read(path).matchAll(/github\.com(\/[\w-]*\/pulumi-electronhub)\b/g)];
  expect(own.map(([, found]) => found).filter((found) => found !== project)).toEqual([]);
});

function filesBelow(folder: string): string[] {
  return readdirSync(join(REPOSITORY_ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => /\.(?:md|ya?ml|ts|json)$/.test(path) && !path.includes("node_modules"))
    .filter((path) => existsSync(join(REPOSITORY_ROOT, path)));
}
