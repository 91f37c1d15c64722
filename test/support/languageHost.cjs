#!/usr/bin/env node
// A language host for programs in Node.js. Pulumi's own comes with its installer only, and starts the SDK's runner like this.
const { spawn } = require("node:child_process");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const sdk = createRequire(require.resolve("@pulumi/pulumi"));
const { Server, ServerCredentials } = sdk("@grpc/grpc-js");
const { LanguageRuntimeService } = sdk("@pulumi/pulumi/proto/language_grpc_pb.js");
const language = sdk("@pulumi/pulumi/proto/language_pb.js");
const { PluginInfo } = sdk("@pulumi/pulumi/proto/plugin_pb.js");

// The engine's address is the last argument.
const engine = process.argv.at(-1);

/** The runner's exit code for a failure that it has shown already. */
const HAS_SAID_WHY = 32;

/** Runs the program in a process of its own, with the SDK that is installed beside it. */
function run({ request }, answer) {
  const info = request.getInfo();
  const folder = info.getProgramDirectory();
  const runner = createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  const options = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    "root-directory": info.getRootDirectory(),
    pwd: folder,
    parallel: String(request.getParallel()),
  };
  const args = Object.entries(options).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
  if (request.getDryrun()) args.push("--dry-run");
  const child = spawn(process.execPath, [runner, ...args, info.getEntryPoint()], {
    cwd: folder,
    // What the host itself prints on stdout is its port.
    stdio: ["ignore", 2, 2],
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: "true",
    },
  });
  child.once("error", (error) => answer(error));
  child.once("exit", (code) => {
    const response = new language.RunResponse();
    if (code === HAS_SAID_WHY) response.setBail(true);
    else if (code !== 0) response.setError(`The program ended with exit code ${code}.`);
    answer(null, response);
  });
}

const server = new Server();
server.addService(LanguageRuntimeService, {
  run,
  getPluginInfo: (_, answer) => answer(null, new PluginInfo()),
  getRequiredPackages: (_, answer) => answer(null, new language.GetRequiredPackagesResponse()),
  getProgramDependencies: (_, answer) => answer(null, new language.GetProgramDependenciesResponse()),
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, port) => console.log(port));
