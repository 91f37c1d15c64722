import type { handleUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService, type IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { packageVersion, SECRET_SETTINGS } from "../config";
import type { Properties } from "../lifecycle/schema/inputs";
import { IN_CLEAR, inClear, NO_API_KEY } from "../resources/settingWarnings";
import { isDefaultProvider, unknownSettings } from "./configuration";
import type { EngineLog } from "./engineLog";
import { withIgnored } from "./generated";
import { onceEach } from "./onceEach";
import { received, toStruct } from "./properties";
import { checkResponse, diffResponse } from "./responses";
import { schemaText } from "./schema";
import { statusOf } from "./status";
import { limitsOf } from "./timeouts";
import { UnknownTokenError } from "./unknownTokenError";
import type { Verbs } from "./verbs";

/** What the service needs of the process. */
export interface ServiceParts {
  log: EngineLog;
  /** The verbs of a resource type, or undefined for a type that this version does not know. */
  verbsOf: (type: string) => Verbs | undefined;
  /**
   * @param settings of the one provider that the process serves.
   * @param reference identifies the provider in the engine's state. Empty: an older engine does not send it.
   */
  configure: (settings: Properties, reference: string) => void;
  hasApiKey: () => boolean;
  invoke: (token: string, args: Properties) => Promise<Properties>;
  construct: (request: pb.ConstructRequest) => Promise<pb.ConstructResponse>;
  /** The engine that uses the process: the one that started it, or a later one. */
  attach: (address: string) => Promise<void>;
  /** The user has stopped the run: every wait ends, and nothing more is sent. */
  cancel: () => void;
}

type Service = Partial<IResourceProviderServer> & UntypedServiceImplementation;

/** The SDK sends only what its own copy of protobuf made, which may be another than ours. */
const EMPTY = ResourceProviderService.cancel.responseDeserialize(Buffer.alloc(0));

/** The engine's protocol for a provider plugin. */
export function service(parts: ServiceParts): Service {
  const { log } = parts;
  const once = onceEach();

  const verbs = (request: { getType(): string; getUrn(): string }): Verbs => {
    const type = request.getType() || (request.getUrn().split("::")[2]?.split("$").at(-1) ?? "");
    const found = parts.verbsOf(type);
    if (found === undefined) throw new UnknownTokenError(`resource type ${type}`);
    return found;
  };

  /** Answers a request; lines that it logs stand under its resource. */
  function unary<Request, Response>(
    answer: (request: Request) => Response | Promise<Response>,
    secretsIn: (request: Request) => readonly string[] = () => [],
  ): handleUnaryCall<Request, Response> {
    const respond = async (request: Request, callback: sendUnaryData<Response>) => {
      const answered = await Promise.resolve(request)
        .then(answer)
        .then((response) => ({ response, failure: null }))
        .catch((error: unknown) => ({ response: null, failure: statusOf(error, secretsIn(request)) }))
        // The request cannot be read: this is the error of reading it, which holds nothing of it.
        .catch((error: unknown) => ({ response: null, failure: statusOf(error, []) }));
      await log.flush();
      callback(answered.failure, answered.response);
    };
    return ({ request }, callback) => {
      const urn = (request as { getUrn?(): string }).getUrn?.() ?? "";
      void log.about(urn, () => respond(request, callback));
    };
  }

  return {
    handshake: unary<pb.ProviderHandshakeRequest, pb.ProviderHandshakeResponse>(async (request) => {
      await parts.attach(request.getEngineAddress());
      const response = new pb.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptOutputs(true);
      return response;
    }),
    attach: unary<PluginAttach, Empty>(async (request) => {
      await parts.attach(request.getAddress());
      return EMPTY;
    }),
    getPluginInfo: unary<Empty, PluginInfo>(() => {
      const response = new PluginInfo();
      response.setVersion(packageVersion());
      return response;
    }),
    getSchema: unary<pb.GetSchemaRequest, pb.GetSchemaResponse>(() => {
      const response = new pb.GetSchemaResponse();
      response.setSchema(schemaText());
      return response;
    }),
    checkConfig: unary<pb.CheckRequest, pb.CheckResponse>((request) => {
      const { properties, secrets } = received(request.getNews());
      const unknown = unknownSettings(properties);
      if (!isDefaultProvider(request.getName()))
        return checkResponse(properties, [...secrets, ...SECRET_SETTINGS], unknown);
      // The configuration of a project named like the namespace has other settings there, too.
      for (const { reason } of unknown) once(reason, log.warn);
      return checkResponse(properties, secrets);
    }),
    // A provider that is replaced would replace all its keys.
    diffConfig: unary<pb.DiffRequest, pb.DiffResponse>((request) => {
      const [before, after] = [request.getOldInputs() ?? request.getOlds(), request.getNews()];
      const [old, declared] = [received(before).properties, received(after).properties];
      const names = [...new Set([...Object.keys(old), ...Object.keys(declared)])];
      const changed = names.filter((name) => old[name] !== declared[name]);
      const properties = new Map(changed.map((name) => [name, { needsNew: false }]));
      return diffResponse({ changes: changed.length > 0, properties }, old, declared);
    }),
    configure: unary<pb.ConfigureRequest, pb.ConfigureResponse>((request) => {
      const { properties, secrets } = received(request.getArgs());
      const plain = inClear(
        (name) => properties[name],
        (name) => secrets.includes(name),
      );
      for (const name of plain) once(IN_CLEAR[name], log.warn);
      const [urn, id] = [request.getUrn(), request.getId()];
      parts.configure(properties, urn === "" || id === "" ? "" : `${urn}::${id}`);
      const response = new pb.ConfigureResponse();
      response.setSupportspreview(true);
      response.setAcceptsecrets(true);
      response.setAcceptoutputs(true);
      return response;
    }),
    check: unary<pb.CheckRequest, pb.CheckResponse>(async (request) => {
      const { properties, secrets } = received(request.getNews());
      const subject = { urn: request.getUrn(), name: request.getName() };
      const stored = received(request.getOlds()).properties;
      const seed = request.getRandomseed_asU8();
      const { inputs, failures } = await verbs(request).check(stored, properties, subject, seed);
      return checkResponse(inputs, secrets, failures);
    }),
    diff: unary<pb.DiffRequest, pb.DiffResponse>(async (request) => {
      const state = received(request.getOlds()).properties;
      const ignored = request.getIgnorechangesList();
      const declared = withIgnored(received(request.getNews()).properties, state, ignored);
      const difference = await verbs(request).diff(request.getId(), state, declared);
      if (difference.note !== undefined) log.report(difference.note);
      return diffResponse(difference, state, declared);
    }),
    create: unary<pb.CreateRequest, pb.CreateResponse>(
      async (request) => {
        const { properties, secrets } = received(request.getProperties());
        const response = new pb.CreateResponse();
        if (request.getPreview()) {
          if (!parts.hasApiKey()) once(NO_API_KEY, log.warn);
          return response.setProperties(toStruct(verbs(request).preview(properties), secrets));
        }
        const { id, state } = await verbs(request).create(properties, limitsOf(request));
        return response.setId(id).setProperties(toStruct(state, secrets));
      },
      (request) => received(request.getProperties()).secrets,
    ),
    read: unary<pb.ReadRequest, pb.ReadResponse>(async (request) => {
      const { properties, secrets } = received(request.getProperties());
      const [id, urn] = [request.getId(), request.getUrn()];
      const found = await verbs(request).read(id, properties, limitsOf(request), urn);
      const response = new pb.ReadResponse();
      if (found === undefined) return response;
      const inputSecrets = received(request.getInputs()).secrets;
      return response
        .setId(found.id)
        .setProperties(toStruct(found.state, secrets))
        .setInputs(toStruct(found.inputs, inputSecrets));
    }),
    update: unary<pb.UpdateRequest, pb.UpdateResponse>(
      async (request) => {
        const state = received(request.getOlds()).properties;
        const { properties, secrets } = received(request.getNews());
        const declared = withIgnored(properties, state, request.getIgnorechangesList());
        const updated = request.getPreview()
          ? verbs(request).preview(declared, state)
          : await verbs(request).update(request.getId(), state, declared, limitsOf(request));
        return new pb.UpdateResponse().setProperties(toStruct(updated, secrets));
      },
      (request) => received(request.getNews()).secrets,
    ),
    delete: unary<pb.DeleteRequest, Empty>(async (request) => {
      const state = received(request.getProperties()).properties;
      await verbs(request).delete(request.getId(), state, limitsOf(request), request.getUrn());
      return EMPTY;
    }),
    invoke: unary<pb.InvokeRequest, pb.InvokeResponse>(async (request) => {
      const { properties } = received(request.getArgs());
      const result = await parts.invoke(request.getTok(), properties);
      return new pb.InvokeResponse().setReturn(toStruct(result));
    }),
    construct: unary<pb.ConstructRequest, pb.ConstructResponse>((request) => parts.construct(request)),
    cancel: unary<Empty, Empty>(() => {
      parts.cancel();
      return EMPTY;
    }),
  };
}
