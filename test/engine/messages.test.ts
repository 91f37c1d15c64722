import { mkdir } from "node:fs/promises";
import { createServer as createHttpsServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { edgePage, type FaultSpec } from "../../provider/testing";
import { selfSigned } from "../support/certificate";
import { expectFailure, type ExportedState, type StateResource } from "../support/engine";
import { declare, program, PROXY_KEY, resourceName, useEngine, createdFor } from "./fixture";
import { expectMessages } from "./messagesFixture";

const engine = useEngine([{ name: "main" }, { name: "limited-up" }, { name: "limited-destroy" }]);

class Account extends pulumi.ProviderResource {}

const says = (status: number, message: string): FaultSpec => ({
  status,
  body: { error: { message, type: "error", param: null, code: status } },
});

/** What the API, or what stands in front of it, answers instead, by the name of the key. */
const ANSWERS: Record<string, FaultSpec> = {
  "400": says(400, "proxy_key is too long"),
  "401": says(401, "Invalid API key"),
  "402": says(402, "Insufficient balance"),
  "account-403": says(403, "This proxy key belongs to another user"),
  "permission-403": says(403, "This API key does not have permission to manage proxy keys"),
  "address-403": says(403, "Too many API keys for this IP address"),
  "paused-403": says(403, "Your plan is paused"),
  "unstated-403": says(403, "Forbidden"),
  "edge-403": edgePage(403),
  "edge-404": edgePage(404),
  "422": { status: 422, body: { detail: [{ loc: ["body", "proxy_key"], msg: "Field required" }] } },
  "500": { ...says(500, "Internal server error"), times: Infinity },
  cut: { cut: "before", times: Infinity },
  html: { ...edgePage(200) },
  redirect: { status: 307, headers: { location: "https://elsewhere.example" } },
};

let tlsServer: Server | undefined;
let tlsPort = 0;
beforeAll(async () => {
  const server = createHttpsServer(selfSigned(["127.0.0.1"]), (_, response) => response.end("{}"));
  tlsServer = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tlsPort = (server.address() as AddressInfo).port;
  await mkdir(join(engine.project.folders.work, "folder"));
});
afterAll(() => tlsServer?.close());

/** Settings with which no request gets anywhere, by the name of the key that has a provider of its own. */
function unfit(operation: "up" | "destroy"): Record<string, Record<string, string>> {
  const { simulator } = engine;
  const usual = { apiKey: simulator.account().apiKey, baseUrl: simulator.baseUrl, maxWait: "3s" };
  return {
    "429": { ...usual, apiKey: simulator.account(`limited-${operation}`).apiKey },
    "audit-log": { ...usual, auditLog: "folder" },
    "no-credential": { ...usual, apiKey: "" },
    refused: { ...usual, baseUrl: "http://127.0.0.1:9/v1" },
    tls: { ...usual, baseUrl: `https://127.0.0.1:${tlsPort}/v1` },
    "wrong-credential": { ...usual, apiKey: "ek-dev-0123456789abcdef" },
  };
}

const prefixed = (settings: Record<string, string>) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [`electronhub:${name}`, value]));

const config = () => ({ ...engine.config(), "electronhub:maxWait": { value: "3s" } });

const volatile = (): [string, string][] => [[engine.project.folders.work, "<work>"]];

function inject(path: string, names: readonly string[]) {
  for (const name of names) {
    const keyName = path === "create" ? createdFor(name) : name;
    engine.simulator.inject({ on: { path: `/auth/proxy/${path}`, keyName }, ...ANSWERS[name] });
  }
  for (const account of ["limited-up", "limited-destroy"]) {
    engine.simulator.inject({
      on: { path: `/auth/proxy/${path}`, account },
      ...says(429, "Rate limit exceeded. Try again in 180 seconds."),
    });
  }
}

it("of a failed up", async () => {
  const answered = Object.keys(ANSWERS).filter((name) => !["500", "cut", "html"].includes(name));
  const own = ["429", "audit-log", "no-credential", "tls"];
  const names = [...answered, "cap-403", ...own];
  inject("create", answered);
  engine.simulator.inject({
    on: { path: "/auth/proxy/create", keyName: createdFor("cap-403") },
    ...says(403, "Maximum number of proxy keys reached (10)"),
  });
  const declareAll = (declared: readonly string[]) => async () => {
    for (const name of declared) {
      const settings = unfit("up")[name];
      const provider =
        settings === undefined ? {} : { provider: new Account("pulumi-nodejs", name, prefixed(settings)) };
      declare(name, { name, budget: 10 }, provider);
    }
  };
  const stack = await engine.stack("up", declareAll(names), { config: config() });
  const { output } = await expectFailure(stack.up({ continueOnError: true, parallel: 64 }));
  await expectMessages(output, "up.txt", { resources: names, fingerprints: {}, replace: volatile() });
  expect(await engine.keysInState("up")).toEqual({});

  // A malformed setting fails the check, and with it the whole run.
  stack.setProgram(declareAll(["wrong-credential"]));
  const checked = await expectFailure(stack.up());
  expect(checked.output).toMatch(
    /resource 'wrong-credential' has a problem: electronhub:apiKey .* is a DevPass key.*Set the account's master API key/,
  );
});

it("of a failed update, refresh and destroy", async () => {
  const { simulator, project } = engine;
  const account = simulator.account();
  const answered = Object.keys(ANSWERS);
  const updated = ["402", "account-403", "html", "gone"];
  const names = [...answered, "429", "refused", "gone", "guarded", "damaged"];
  const declared = (budget: number) =>
    program(
      Object.fromEntries(
        names.map((name) => [
          name,
          {
            name,
            budget: updated.includes(name) ? budget : 10,
            ...(name === "guarded" ? { refuseIfUsedWithin: "24h" } : {}),
          },
        ]),
      ),
    );
  const stack = await engine.stack("life", declared(10), { config: config() });
  await stack.up({ parallel: 64 });
  const fingerprints = Object.fromEntries(
    Object.entries(await engine.keysInState("life")).map(([name, { id }]) => [name, id]),
  );
  const expectTold = (output: string, file: string, resources: readonly string[]) =>
    expectMessages(output, file, { resources, fingerprints, replace: volatile() });

  account.removeKey("gone");
  inject("update", updated.slice(0, -1));
  stack.setProgram(declared(20));
  const update = await expectFailure(stack.up({ continueOnError: true, parallel: 64 }));
  await expectTold(update.output, "update.txt", updated);

  simulator.clearFaults();
  // A key that the list does not show is looked up.
  simulator.inject({ on: { path: "/auth/proxy" }, status: 200, body: [], times: Infinity });
  const unreadable = answered.filter((name) => name !== "edge-404");
  inject("lookup", unreadable);
  const refresh = await project.refresh("life", ["--parallel", "64"], {
    env: { PULUMI_CONTINUE_ON_ERROR: "true" },
  });
  await expectTold(refresh.output, "refresh.txt", unreadable);

  simulator.clearFaults();
  inject("remove", answered);
  account.spend("guarded", 1);
  const state = await project.exportState("life", { showSecrets: true });
  await project.importState("life", edited(state));
  const destroy = await project.destroy("life", ["--continue-on-error", "--parallel", "64"]);
  const kept = names.filter((name) => name !== "gone");
  await expectTold(destroy.output, "destroy.txt", kept);
  expect(Object.keys(await engine.keysInState("life")).toSorted()).toEqual(kept.toSorted());
});

/** The state after an accident: one resource has another one's key, and two belong to providers of their own. */
function edited(state: ExportedState): ExportedState {
  const resources = state.deployment.resources ?? [];
  const found = (name: string) =>
    resources.find(({ urn, type }) => type === PROXY_KEY && resourceName(urn) === name);
  Object.assign(found("damaged")?.outputs ?? {}, { key: found("guarded")?.outputs?.["key"] });
  for (const name of ["429", "refused"]) {
    const at = resources.findIndex(({ type }) => type === "pulumi:providers:pulumi-nodejs");
    const usual = resources[at] as StateResource;
    const urn = usual.urn.replace(/[^:]+$/, name);
    const settings = prefixed(unfit("destroy")[name] ?? {});
    resources.splice(at, 0, { ...usual, urn, inputs: settings, outputs: settings });
    Object.assign(found(name) ?? {}, { provider: `${urn}::${usual.id}` });
  }
  return state;
}
