import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "./engineEnvironment";

/** Writes a language host that runs no program: what `pulumi import` needs of one. */
export async function writeLanguageStub(folder: string): Promise<void> {
  const file = join(folder, "pulumi-language-nodejs");
  await writeFile(file, STUB);
  await chmod(file, 0o755);
}

const STUB = `#!/usr/bin/env node
const sdk = require("node:module").createRequire(${JSON.stringify(join(REPOSITORY_ROOT, "node_modules", "@pulumi", "pulumi", "package.json"))});
const { Server, ServerCredentials } = sdk("@grpc/grpc-js");
const { LanguageRuntimeService } = sdk("@pulumi/pulumi/proto/language_grpc_pb.js");
const { PluginInfo } = sdk("@pulumi/pulumi/proto/plugin_pb.js");
const server = new Server();
server.addService(LanguageRuntimeService, { getPluginInfo: (_, answer) => answer(null, new PluginInfo()) });
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, port) => console.log(port));
`;
