import { findPulumiCli } from "./pulumiCli";

/** Prints the Pulumi CLI of the tests. Downloads or builds it if needed: run it to fill the cache. */
findPulumiCli().then(
  (cli) => console.log(cli.summary),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
