import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./engineEnvironment";

/** A block of code in a README. */
export interface CodeBlock {
  /** The README, from the repository's root. */
  readme: string;
  /** The line of the README before the code. */
  line: number;
  code: string;
}

/** The README of the repository, and those of the examples, from the repository's root. */
export function readmes(): string[] {
  const examples = readdirSync(join(REPOSITORY_ROOT, "examples"), { withFileTypes: true });
  const folders = examples.filter((entry) => entry.isDirectory()).map(({ name }) => `examples/${name}`);
  return ["README.md", "examples/README.md", ...folders.map((folder) => `${folder}/README.md`)];
}

export function readmeText(readme: string): string {
  return readFileSync(join(REPOSITORY_ROOT, readme), "utf8");
}

/** All blocks of a language, by the word after the fence. */
export function codeBlocks(language: string): CodeBlock[] {
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms");
  return readmes().flatMap((readme) =>
    [...readmeText(readme).matchAll(block)].map(({ 1: code = "", index, input }) => ({
      readme,
      line: input.slice(0, index).split("\n").length,
      code,
    })),
  );
}
