#!/usr/bin/env node
/** FROZEN CONTRACT: package.json names this path as the command, which pipelines call. */

import { refusalOfNode } from "../util/nodeVersion";

const refusal = refusalOfNode(process.versions.node);

if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 3;
} else {
  // Loaded only now: its dependencies fail to load on an older Node.
  void import("./program.js").then(({ runCommandLine }) => runCommandLine(process.argv.slice(2)));
}
