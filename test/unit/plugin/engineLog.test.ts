import { Server, ServerCredentials, type handleUnaryCall } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { afterEach, expect, it } from "vitest";
import { EngineLog } from "../../../provider/plugin/engineLog";

const engines: Server[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.forceShutdown();
});

/** A log of an engine that takes lines only when it is told to. */
async function logOfSlowEngine() {
  const waiting: (() => void)[] = [];
  let reach: () => void = () => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const { log } = EngineService;
  const take: handleUnaryCall<unknown, unknown> = (_, callback) => {
    waiting.push(() => callback(null, log.responseDeserialize(Buffer.alloc(0))));
    reach();
  };
  const engine = new Server();
  engine.addService({ log }, { log: take });
  engines.push(engine);
  const port = await new Promise<number>((resolve, reject) => {
    engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const engineLog = new EngineLog();
  engineLog.attach(`127.0.0.1:${port}`);
  return {
    log: engineLog,
    reached,
    take: () => {
      for (const answer of waiting.splice(0)) answer();
    },
  };
}

it("a request waits for its own lines, not for those of others", async () => {
  const { log, reached, take } = await logOfSlowEngine();
  let isShown = false;
  const shown = log.about("urn:pulumi:dev::shop::type::one", async () => {
    log.report("Waits.");
    await log.flush();
    isShown = true;
  });
  await reached;
  await log.about("urn:pulumi:dev::shop::type::two", () => log.flush());
  expect(isShown).toBe(false);
  take();
  await shown;
});
