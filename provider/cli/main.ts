#!/usr/bin/env node
/** FROZEN CONTRACT: package.json names this path as the command, which pipelines call. */

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `pulumi-electronhub needs Node 22.19 or newer, and this is ${process.versions.node}.\nInstall a newer one: https://nodejs.org\n`,
  );
  process.exitCode = 3;
} else {
  // Loaded only now: its dependencies fail to load on an older Node.
  void import("./program.js").then(({ runCommandLine }) => runCommandLine(process.argv.slice(2)));
}
