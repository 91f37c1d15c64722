import { Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";

export type Properties = Record<string, unknown>;

/** What the engine requested of the provider. */
export interface StandInCall {
  verb: "create" | "update" | "delete";
  /** The resource's name in the stack. */
  resource: string;
  /** Of a deletion: what the state has. */
  properties: Properties;
}

export interface Behaviour {
  /** Changes the inputs, as the real provider does. `seed` differs for each new resource. Default: none. */
  check?: (inputs: Properties, olds: Properties, request: { resource: string; seed: string }) => Properties;
  /** The properties of which a change replaces the resource. Default: none. */
  replaces?: readonly string[];
  /** Called before an operation has its response. It fails with what this throws. */
  onCall: (call: StandInCall) => void;
}

/** A provider of another package, in this process. */
export interface StandIn {
  /** Makes the engine use it for a package. */
  envFor(packageName: string): Record<string, string>;
  close(): void;
}

/** Returns the inputs as the state, and sends no request. */
export async function startStandIn({ check, replaces = [], onCall }: Behaviour): Promise<StandIn> {
  const server = new Server();
  const call = (verb: StandInCall["verb"], urn: string, properties: Struct | undefined): void =>
    onCall({ verb, resource: nameIn(urn), properties: plain(properties) });

  server.addService(ResourceProviderService, {
    getPluginInfo: unary(() => new PluginInfo().setVersion("1.0.0")),
    attach: unary(() => new Empty()),
    configure: unary(() => new pb.ConfigureResponse()),
    check: unary((request: pb.CheckRequest) => {
      const about = {
        resource: nameIn(request.getUrn()),
        seed: Buffer.from(request.getRandomseed_asU8()).toString("hex"),
      };
      const news = plain(request.getNews());
      const inputs = check?.(news, plain(request.getOlds()), about) ?? news;
      return new pb.CheckResponse().setInputs(Struct.fromJavaScript(inputs as never));
    }),
    diff: unary((request: pb.DiffRequest) => {
      const [olds, news] = [plain(request.getOldInputs()), plain(request.getNews())];
      const changed = Object.keys({ ...olds, ...news }).filter(
        (name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]),
      );
      const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
      return new pb.DiffResponse()
        .setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME)
        .setDiffsList(changed)
        .setReplacesList(changed.filter((name) => replaces.includes(name)));
    }),
    create: unary((request: pb.CreateRequest) => {
      if (!request.getPreview()) call("create", request.getUrn(), request.getProperties());
      return new pb.CreateResponse().setId(request.getUrn()).setProperties(request.getProperties());
    }),
    update: unary((request: pb.UpdateRequest) => {
      if (!request.getPreview()) call("update", request.getUrn(), request.getNews());
      return new pb.UpdateResponse().setProperties(request.getNews());
    }),
    delete: unary((request: pb.DeleteRequest) => {
      call("delete", request.getUrn(), request.getProperties());
      return new Empty();
    }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    envFor: (packageName) => ({ PULUMI_DEBUG_PROVIDERS: `${packageName}:${port}` }),
    close: () => server.forceShutdown(),
  };
}

function unary<Request, Response>(
  answer: (request: Request) => Response,
): handleUnaryCall<Request, Response> {
  return ({ request }, callback) => {
    try {
      callback(null, answer(request));
    } catch (error) {
      callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
    }
  };
}

function plain(properties: Struct | undefined): Properties {
  return properties?.toJavaScript() ?? {};
}

function nameIn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
