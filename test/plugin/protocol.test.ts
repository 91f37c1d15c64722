import { join } from "node:path";
import { Server, ServerCredentials, Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { Struct, Value } from "google-protobuf/google/protobuf/struct_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useEngine } from "../engine/fixture";
import { startCommand, type RunningCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/** The plugin's process beside an engine of the test, which sees what no real one shows. */
const { simulator, project } = scratch();

function scratch() {
  const engine = useEngine();
  return { simulator: () => engine.simulator, project: () => engine.project };
}

/** An engine that takes lines when the test lets it. */
const logged: { line: string; urn: string; take: () => void }[] = [];
const engineServer = new Server();
let address = "";
let plugin: RunningCommand;
let client: Client;

beforeAll(async () => {
  engineServer.addService(EngineService, {
    log: ({ request }: { request: LogRequest }, answer: (error: null, value: Empty) => void) =>
      logged.push({
        line: request.getMessage(),
        urn: request.getUrn(),
        take: () => answer(null, new Empty()),
      }),
  });
  const port = await new Promise<number>((resolve, reject) =>
    engineServer.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  address = `127.0.0.1:${port}`;
  const main = join(REPOSITORY_ROOT, "dist", "plugin", "main.js");
  plugin = startCommand(process.execPath, [main, "--logtostderr", address], {
    cwd: project().folders.work,
    env: { ...project().env },
  });
  await plugin.waitForOutput(/^\d+\n/);
  client = new Client(`127.0.0.1:${plugin.output().trim()}`, credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  plugin?.kill("SIGKILL");
  engineServer.forceShutdown();
  await plugin?.done;
});

type Method = "configure" | "create" | "invoke" | "read" | "update";

/** Sends a request as the engine does. */
function send<Response>(method: Method, request: { serializeBinary(): Uint8Array }): Promise<Response> {
  const { path, responseDeserialize } = ResourceProviderService[method];
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      path,
      () => Buffer.from(request.serializeBinary()),
      responseDeserialize as unknown as (bytes: Buffer) => Response,
      request,
      (error: ServiceError | null, response?: Response) =>
        error === null ? resolve(response as Response) : reject(error),
    ),
  );
}

const structOf = (properties: Record<string, unknown>) =>
  Struct.fromJavaScript(properties as Parameters<typeof Struct.fromJavaScript>[0]);

/** A request about a key. */
function requestOf<Request extends { setUrn(urn: string): unknown }>(Kind: new () => Request): Request {
  const request = new Kind();
  request.setUrn("urn:pulumi:dev::test::electronhub:index:ProxyKey::there");
  return request;
}

it("responds once the engine has the lines of the operation, since a run may end with its response", async () => {
  const { apiKey } = simulator().account();
  const { key } = simulator().account().addKey({ name: "there" });
  const configuration = new pb.ConfigureRequest();
  configuration.setArgs(structOf({ apiKey, baseUrl: simulator().baseUrl }));
  const configured = send("configure", configuration);
  // The API key came in clear.
  await expect.poll(() => logged, { timeout: 30_000 }).toHaveLength(1);
  logged[0]?.take();
  await configured;

  const read = new pb.ReadRequest();
  const urn = "urn:pulumi:dev::test::electronhub:index:ProxyKey::there";
  read.setUrn(urn);
  read.setId("there");
  let isAnswered = false;
  const found = send<pb.ReadResponse>("read", read).finally(() => (isAnswered = true));
  await expect.poll(() => logged, { timeout: 30_000 }).toHaveLength(2);
  expect(logged[1]).toMatchObject({ line: expect.stringContaining("budgetWindow"), urn });
  expect(isAnswered).toBe(false);
  logged[1]?.take();
  const properties = (await found).getProperties()?.toJavaScript();
  expect(properties).toMatchObject({ name: "there", key: { value: key } });
});

it.each<[Method, (broken: Struct) => { serializeBinary(): Uint8Array }]>([
  ["create", (broken) => requestOf(pb.CreateRequest).setProperties(broken)],
  ["update", (broken) => requestOf(pb.UpdateRequest).setNews(broken)],
])("answers a %s whose properties cannot be read", async (method, requestWith) => {
  const broken = new Struct();
  broken.getFieldsMap().set("budget", new Value());
  await expect(send(method, requestWith(broken))).rejects.toThrow(/Unexpected struct type/);
});

it.each(["toString", "constructor", "__proto__", ""])("knows no function %j", async (token) => {
  const request = new pb.InvokeRequest().setTok(token).setArgs(structOf({}));
  await expect(send("invoke", request)).rejects.toThrow(`does not know the function ${token}`);
});
