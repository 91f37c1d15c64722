import { findPulumiCli } from "./pulumiCli";

/** Says which Pulumi CLI the tests will use, after fetching or building it if need be: run it to warm the cache. */
findPulumiCli().then(
  (cli) => console.log(cli.summary),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
