import { join } from "node:path";
import { build } from "esbuild";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { isLeftOut, leaveOut } from "./leftOut";

export interface Bundle {
  code: Uint8Array;
  /** The files of other packages that it contains, relative to the repository. */
  files: readonly string[];
}

/**
 * Bundles the built plugin into one file that needs nothing but Node.
 *
 * @throws if anything is not resolved.
 */
export async function bundlePlugin(): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: REPOSITORY_ROOT,
    entryPoints: [join("dist", "plugin", "main.js")],
    outfile: "pulumi-resource-electronhub",
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "cjs",
    target: "node22.19",
    // Node reads less at each start. Names stay, so that a stack trace can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [leaveOut],
    logLevel: "silent",
  });
  const [file] = outputFiles;
  const output = Object.values(metafile.outputs)[0];
  if (warnings.length > 0 || file === undefined || output === undefined)
    throw new Error(`The plugin cannot be bundled: ${warnings.map(({ text }) => text).join("; ")}`);
  const files = Object.keys(output.inputs).filter((path) => path.includes("node_modules/"));
  return { code: file.contents, files: files.filter((path) => !isLeftOut(path)) };
}
