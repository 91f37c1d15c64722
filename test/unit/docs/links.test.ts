import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readmes, readmeText } from "../../support/codeBlocks";
import { REPOSITORY_ROOT } from "../../support/engineEnvironment";
import { repositoryUrl } from "../../support/repositoryUrl";

interface Link {
  /** From the repository's root. */
  path: string;
  /** The heading's anchor. Empty: none. */
  anchor: string;
}

const OURS = new RegExp(`^${repositoryUrl()}/(?:tree|blob)/main/`);

/** A README's links to files of this repository. The npm package has no examples, so README.md names addresses. */
function linksOf(readme: string): Link[] {
  const targets = [...readmeText(readme).matchAll(/\]\(([^)\s]+)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => OURS.test(target) || !/^https?:/.test(target))
    .map((target) => {
      const [path = "", anchor = ""] = target.replace(OURS, "").split("#");
      if (OURS.test(target)) return { path, anchor };
      return { path: path === "" ? readme : join(readme, "..", path), anchor };
    });
}

function exists({ path, anchor }: Link): boolean {
  const target = join(REPOSITORY_ROOT, path);
  if (!existsSync(target)) return false;
  if (anchor === "") return true;
  const text = readmeText(statSync(target).isDirectory() ? join(path, "README.md") : path);
  return [...text.matchAll(/^#+ (.*)$/gm)].some(([, heading = ""]) => anchorOf(heading) === anchor);
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

it.each(readmes())("%s links to files and headings that exist", (readme) => {
  expect(linksOf(readme).filter((link) => !exists(link))).toEqual([]);
});

it("README.md has many links, which work for users of the package", () => {
  expect(linksOf("README.md").length).toBeGreaterThan(20);
  expect(readmeText("README.md")).not.toMatch(/\]\((?!https:)/);
});

it("README.md has at most 200 lines", () => {
  expect(readmeText("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(200);
});
