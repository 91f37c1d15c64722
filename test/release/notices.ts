import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mitLicence } from "./mitLicence";

const LICENCE_FILE = /^(?:licen[cs]e|notice|copying)/i;

/**
 * The licences of the packages that files belong to, as text. Equal texts stand once.
 *
 * @param root the folder that the files are relative to.
 * @throws if a package has no licence text.
 */
export async function licenceNotices(root: string, files: readonly string[]): Promise<string> {
  const packages = new Map<string, Set<string>>();
  for (const file of files) {
    const home = homeOf(file);
    const texts = packages.get(home) ?? new Set();
    packages.set(home, texts);
    // A part of a package may have a licence of its own.
    for (let folder = dirname(file); folder.length >= home.length; folder = dirname(folder))
      for (const text of await licencesIn(join(root, folder))) texts.add(text);
  }

  const holders = new Map<string, string[]>();
  for (const home of [...packages.keys()].toSorted()) {
    const { name, version, license } = await manifestOf(join(root, home));
    const heading = `${name} ${version} (${license.replaceAll(/^\(|\)$/g, "")})`;
    const texts = packages.get(home) ?? new Set();
    const copyright = COPYRIGHTS[name];
    if (texts.size === 0 && license === "MIT" && copyright !== undefined) texts.add(mitLicence(copyright));
    if (texts.size === 0) throw new Error(`${heading} has no licence text.`);
    for (const text of texts) holders.set(text, [...(holders.get(text) ?? []), heading]);
  }
  const parts = [...holders].map(([text, headings]) => `${headings.join("\n")}\n\n${text.trim()}\n`);
  return [INTRODUCTION, ...parts].join(`\n${"-".repeat(80)}\n\n`);
}

/** Of packages whose licence text is in their repository alone. */
const COPYRIGHTS: Readonly<Record<string, string>> = {
  "@redis/client": "Copyright (c) 2022-2025, Redis, inc.",
};

const INTRODUCTION =
  "pulumi-resource-electronhub contains modules of the packages below. They were changed: whitespace was removed, and\n" +
  "modules that the plugin never calls were left out.\n";

/** The folder of a file's package. */
function homeOf(file: string): string {
  const [, home] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  if (home === undefined) throw new Error(`${file} belongs to no package.`);
  return home;
}

async function licencesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => LICENCE_FILE.test(name)).toSorted();
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}

interface Manifest {
  name: string;
  version: string;
  license: string;
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
}
