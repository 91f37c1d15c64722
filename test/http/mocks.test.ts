import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { getAccount, getAccountOutput } from "../../provider/functions/getAccount";
import { getProxyKey, getProxyKeyOutput } from "../../provider/functions/getProxyKey";
import { getProxyKeys, getProxyKeysOutput } from "../../provider/functions/getProxyKeys";
import { importProxyKeys } from "../../provider/functions/importProxyKeys";
import { validateProxyKey, validateProxyKeyOutput } from "../../provider/functions/validateProxyKey";
import { Account } from "../../provider/resources/account";
import { startSimulator, type Simulator } from "../../provider/testing";

let simulator: Simulator;
let called: pulumi.runtime.MockCallArgs[];
let call: (args: pulumi.runtime.MockCallArgs) => unknown;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(async () => {
  // The account of the shell, which no unit test may reach.
  vi.stubEnv("ELECTRONHUB_API_KEY", simulator.account().apiKey);
  vi.stubEnv("ELECTRONHUB_BASE_URL", simulator.baseUrl);
  called = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
      call: (args) => {
        called.push(args);
        return call(args) as Record<string, unknown>;
      },
    },
    "project",
    "stack",
    true,
  );
});
afterEach(() => {
  vi.unstubAllEnvs();
  if (simulator.requests().length > 0) throw new Error("A request has reached the API.");
});

const KEY = "ek-proxy-mock";
const info = { name: "bot", key: KEY, fingerprint: "pk-mock" };

const functions: [string, object, () => Promise<unknown>, returned: object, result: unknown][] = [
  ["getProxyKeys", { enabled: true }, () => getProxyKeys({ enabled: true }), { keys: [info] }, [info]],
  ["getProxyKey", { name: "bot" }, () => getProxyKey({ name: "bot" }), info, info],
  ["getAccount", {}, () => getAccount(), { credits: 7 }, { credits: 7 }],
  ["validateProxyKey", { key: KEY }, () => validateProxyKey({ key: KEY }), { valid: true }, { valid: true }],
  [
    "importProxyKeys",
    {},
    () => importProxyKeys(),
    { file: "{}", program: "", names: [] },
    { file: "{}", program: "", names: [] },
  ],
];

describe.each(functions)("under a unit test's mocks, %s", (name, inputs, run, returned, result) => {
  it("gets its result from them", async () => {
    call = () => returned;
    expect(await run()).toEqual(result);
    expect(called).toEqual([{ token: `electronhub:index:${name}`, inputs }]);
  });

  it.each<[string, (args: pulumi.runtime.MockCallArgs) => unknown]>([
    ["their inputs", ({ inputs }) => inputs],
    ["an empty object", () => ({})],
    ["nothing", () => undefined],
  ])("refuses %s as a result, and names the token and the simulator", async (_, mock) => {
    call = mock;
    const failure = await run().catch((error: unknown) => error);
    expect(pulumi.RunError.isInstance(failure)).toBe(true);
    expect(String(failure)).toMatch(`\`electronhub:index:${name}\``);
    expect(String(failure)).toMatch("`pulumi-electronhub/testing`");
    expect(String(failure)).not.toContain(KEY);
  });
});

it("the forms for outputs, and an Account, do the same", async () => {
  call = () => ({ keys: [], credits: 1, valid: false, ...info });
  const provider = new Account("team", { apiKey: simulator.account().apiKey });
  const outputs = pulumi.all([
    getProxyKeysOutput({}, { provider }),
    getProxyKeyOutput({ key: KEY }, { provider }),
    getAccountOutput({ provider }),
    validateProxyKeyOutput({ key: KEY }, { provider }),
  ]);
  await new Promise((resolve) => outputs.apply(resolve));
  expect(called.map(({ token }) => token.slice(token.lastIndexOf(":") + 1)).toSorted()).toEqual([
    "getAccount",
    "getProxyKey",
    "getProxyKeys",
    "validateProxyKey",
  ]);
});
