import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { archive, type ArchivedFile } from "./archive";
import { bundlePlugin } from "./bundle";
import { licenceNotices } from "./notices";

const EXECUTABLE = "pulumi-resource-electronhub";
const SYSTEMS = ["linux", "darwin", "windows"] as const;
const ARCHITECTURES = ["amd64", "arm64"] as const;

/** An archive that was written. */
export interface ReleasedArchive {
  path: string;
  size: number;
}

/**
 * Writes the plugin's archives for all systems, and their checksums. The engine downloads them by these names from the
 * address in the schema.
 *
 * @param folder for the files; those of the same names are overwritten.
 */
export async function release(folder: string): Promise<ReleasedArchive[]> {
  const manifest = JSON.parse(await readFile(join(REPOSITORY_ROOT, "package.json"), "utf8")) as Manifest;
  const { code, files } = await bundlePlugin();
  const contents: ArchivedFile[] = [
    { name: EXECUTABLE, content: code, isExecutable: true },
    { name: "package.json", content: manifestBeside(manifest) },
    { name: "LICENSE", content: await readFile(join(REPOSITORY_ROOT, "LICENSE")) },
    { name: "THIRD_PARTY_NOTICES.txt", content: await licenceNotices(REPOSITORY_ROOT, files) },
  ];
  await mkdir(folder, { recursive: true });
  const archives: ReleasedArchive[] = [];
  const sums: string[] = [];
  for (const system of SYSTEMS) {
    const packed = archive(system === "windows" ? [...contents, LAUNCHER] : contents);
    for (const architecture of ARCHITECTURES) {
      const name = `${EXECUTABLE}-v${manifest.version}-${system}-${architecture}.tar.gz`;
      await writeFile(join(folder, name), packed);
      archives.push({ path: join(folder, name), size: packed.length });
      sums.push(`${createHash("sha256").update(packed).digest("hex")}  ${name}\n`);
    }
  }
  await writeFile(join(folder, "SHA256SUMS"), sums.join(""));
  return archives;
}

interface Manifest {
  name: string;
  version: string;
  license: string;
}

/** Without it, Node would read the file as the nearest package.json of a parent folder says, perhaps as a module. */
function manifestBeside({ name, version, license }: Manifest): string {
  return `${JSON.stringify({ name, version, license, private: true, type: "commonjs" }, undefined, 2)}\n`;
}

/** On Windows the engine starts `.exe` or `.cmd`. */
const LAUNCHER: ArchivedFile = {
  name: `${EXECUTABLE}.cmd`,
  content: `@node "%~dp0${EXECUTABLE}" %*\r\n`,
};
