import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect, it } from "vitest";
import type { FaultedRequest, FaultSpec } from "../../provider/testing";
import { runCli } from "../cli/runCli";
import { expectFailure } from "../support/engine";
import { program, useEngine, createdFor } from "./fixture";
import { secretsFoundIn } from "./secretScan";

const engine = useEngine();

const STATUSES = [200, 302, 400, 401, 402, 403, 404, 408, 409, 422, 500, 503] as const;

/** Ways to repeat what was sent: as a message, cut into fields, in markup, encoded, and in odd places. */
const ECHOES: readonly ((sent: string) => Pick<FaultSpec, "body" | "contentType">)[] = [
  (sent) => ({ body: { error: { message: sent, type: "error", param: null, code: null } } }),
  (sent) => ({ body: { detail: { error: { message: sent } } } }),
  (sent) => ({ body: { detail: inFields(sent).map((msg) => ({ loc: ["body", msg], msg })) } }),
  (sent) => ({ body: { error: inFields(sent).join(" "), detail: sent, message: sent } }),
  (sent) => ({
    body: `<html><title>${sent}</title><p>${inFields(sent).join("</p><p>")}</p></html>`,
    contentType: "text/html",
  }),
  (sent) => ({ body: { error: { message: encodedAll(sent) } } }),
  (sent) => ({ body: { detail: `${sent.toUpperCase()} ${encodeURIComponent(sent)}` } }),
  (sent) => ({ body: sent, contentType: "text/plain" }),
];

function inFields(sent: string): string[] {
  return sent.match(/.{1,20}/gs) ?? [];
}

/** In base64 at each alignment, and hexadecimal. */
function encodedAll(sent: string): string {
  const base64 = ["", "x", "xy"].map((before) => Buffer.from(before + sent).toString("base64"));
  return [...base64, Buffer.from(sent).toString("hex")].join(" ");
}

const secretOf = ({ authorization = "", rawBody }: FaultedRequest) =>
  `${authorization.replace("Bearer ", "")} ${/"proxy_key":"([^"]+)"/.exec(rawBody)?.[1] ?? ""} ${rawBody}`;

/** Each status with one way to repeat, those that matter most with a second one. */
const names = [
  ...STATUSES.map((status, at) => `${status}-${at % ECHOES.length}`),
  "200-4",
  "400-5",
  "403-1",
  "500-3",
];

function echoOn(path: string, keyName: string): void {
  const [status = "", echo = ""] = keyName.split("-");
  const shape = ECHOES[Number(echo)];
  const sample = shape?.("") ?? {};
  engine.simulator.inject({
    on: { path: `/auth/proxy/${path}`, keyName: path === "create" ? createdFor(keyName) : keyName },
    times: Infinity,
    status: Number(status),
    headers: { "x-request-id": "echoed" },
    ...(sample.contentType === undefined ? {} : { contentType: sample.contentType }),
    body: (request) => {
      const { body = null } = shape?.(secretOf(request)) ?? {};
      return typeof body === "function" ? null : body;
    },
  });
}

it("no secret that a server repeats, in any form, is printed, logged or stored", async () => {
  const { simulator, project } = engine;
  const account = simulator.account();
  const secrets = new Set([account.apiKey]);
  const remember = () => account.keys().forEach(({ key }) => secrets.add(key));
  const events: string[] = [];
  const hear = (result: { events: readonly EngineEvent[] }) =>
    events.push(...result.events.filter(isOfTheEngine).map((event) => JSON.stringify(event)));
  const declared = (budget: number) =>
    program(Object.fromEntries(names.map((name) => [name, { name, budget }])));

  const stack = await engine.stack("leaks", declared(1), {
    config: {
      ...engine.config(),
      "electronhub:maxWait": { value: "1s" },
      "electronhub:auditLog": { value: "audit.jsonl" },
    },
  });
  for (const name of names) echoOn("create", name);
  hear(await expectFailure(stack.up({ continueOnError: true, parallel: 64 })));
  simulator.clearFaults();
  remember();
  hear(await stack.up({ parallel: 64 }));
  remember();
  expect(secrets.size).toBeGreaterThan(names.length);

  for (const name of names) echoOn("update", name);
  stack.setProgram(declared(2));
  hear(await expectFailure(stack.up({ continueOnError: true, parallel: 64 })));

  const log = (name: string) => [
    "--parallel",
    "64",
    "--event-log",
    join(project.folders.work, `${name}.events`),
  ];
  simulator.inject({ on: { path: "/auth/proxy" }, status: 200, body: [], times: Infinity });
  for (const name of names) echoOn("lookup", name);
  const env = { PULUMI_CONTINUE_ON_ERROR: "true", PULUMI_DEBUG_COMMANDS: "true" };
  const refresh = await project.refresh("leaks", log("refresh"), { env });
  simulator.clearFaults();
  for (const name of names) echoOn("remove", name);
  const destroy = await project.destroy("leaks", log("destroy"), { env });
  for (const { exitCode, output } of [refresh, destroy]) {
    expect(exitCode).not.toBe(0);
    expect(output).toContain("[redacted]");
  }

  const auditLog = join(project.folders.work, "audit.jsonl");
  const audit = await Promise.all(
    [["--verify"], ["--json"], []].map((options) => runCli(["audit", ...options, auditLog])),
  );
  expect(audit.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);

  const places = [
    { path: "(what audit prints)", text: audit.map(({ output }) => output).join("\n") },
    { path: "(the exported state)", text: JSON.stringify(await project.exportState("leaks")) },
    { path: "(everything printed)", text: project.transcript },
    { path: "(events)", text: events.join("\n") },
    ...(await project.allFilesText()),
  ];
  const expected = ["audit.jsonl", "refresh.events", "destroy.events", "/history/", "/rate/", "/stacks/"];
  for (const part of expected) expect(places.map(({ path }) => path).join("\n")).toContain(part);
  // The search itself is no good if it cannot find what is there.
  const sample = [...secrets].map((secret) => encodedAll(`${secret} `)).join();
  expect(secretsFoundIn([{ path: "sample", text: sample }], secrets).length).toBeGreaterThan(
    3 * secrets.size,
  );
  expect(secretsFoundIn(places, secrets)).toEqual([]);
  const bytes = places.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  process.stdout.write(
    `No leak: ${secrets.size} secrets in 7 forms, ${places.length} files and texts of ${bytes} bytes.\n`,
  );
});

/** Pulumi's own SDK writes every output of every resource into its debug lines, which no provider can help. */
function isOfTheEngine({ diagnosticEvent }: EngineEvent): boolean {
  // A severity that the SDK's own type leaves out.
  return (diagnosticEvent?.severity as string | undefined) !== "debug";
}
