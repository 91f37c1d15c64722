import { findSdkGenerator, findYamlHost } from "./goTools";
import { findPulumiCli } from "./pulumiCli";
import { findPython } from "./pythonEnvironment";

/** Prints what the tests use from the cache, and first downloads or builds what is missing: run it to fill the cache. */
async function main(): Promise<void> {
  const cli = await findPulumiCli();
  console.log(cli.summary);
  console.log(`Language host for YAML: ${await findYamlHost(cli)}`);
  console.log(`Generator of SDKs: ${await findSdkGenerator()}`);
  console.log(`Python with Pulumi's SDK: ${await findPython()}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
