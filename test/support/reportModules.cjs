// Preloaded into Node processes of a test. At SIGUSR2, writes the files of the modules that the process has loaded.
const { renameSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

process.on("SIGUSR2", () => {
  const file = join(tmpdir(), `modules-${process.pid}`);
  writeFileSync(`${file}.part`, Object.keys(require.cache).join("\n"));
  renameSync(`${file}.part`, file);
});
