import { randomUUID } from "node:crypto";
import { Server, ServerCredentials, type handleUnaryCall } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";

/**
 * A provider plugin that does nothing: shows the cost of the engine with any plugin on Node. The engine takes the verbs
 * that are missing for granted, and handles the secrets, since this plugin accepts none.
 */
const server = new Server();
server.addService(ResourceProviderService, {
  getPluginInfo: unary(() => new PluginInfo().setVersion("0.0.1")),
  configure: unary(() => new pb.ConfigureResponse()),
  check: unary((request: pb.CheckRequest) => new pb.CheckResponse().setInputs(request.getNews())),
  create: unary((request: pb.CreateRequest) => {
    const key = randomUUID();
    const inputs = request.getProperties()?.toJavaScript();
    return new pb.CreateResponse().setId(key).setProperties(Struct.fromJavaScript({ ...inputs, key }));
  }),
  delete: unary(() => new Empty()),
});

server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});

function unary<Request, Response>(
  answer: (request: Request) => Response,
): handleUnaryCall<Request, Response> {
  return ({ request }, callback) => callback(null, answer(request));
}
