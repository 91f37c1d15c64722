import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "../support/codeBlocks";
import type { FreshProject } from "./freshProject";

/**
 * Writes each block of TypeScript in the READMEs to a file of its own, at the lines that it has in its README.
 *
 * @returns a program that consists of them.
 */
export async function writeReadmePrograms(project: FreshProject): Promise<string> {
  await mkdir(join(project.folders.work, "readmes"), { recursive: true });
  const modules = codeBlocks("ts").map(async ({ readme, line, code }) => {
    const name = `${readme.replaceAll("/", ".")}.${line}`;
    await project.write(join("readmes", `${name}.ts`), "\n".repeat(line) + code);
    return `import "./readmes/${name}";\n`;
  });
  return (await Promise.all(modules)).join("");
}
