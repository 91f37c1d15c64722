import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { getAccount } from "../../../provider/functions/getAccount";
import { getProxyKeys, getProxyKeysOutput } from "../../../provider/functions/getProxyKeys";
import { validateProxyKey } from "../../../provider/functions/validateProxyKey";
import { Account } from "../../../provider/resources/account";
import { edgePage } from "../../../provider/testing";
import { ME, useFunctions, VALIDATE } from "./fixture";

// Pulumi's mocks stand for the engine here, in which an Account is declared, and not for the API.
vi.mock("../../../provider/resources/testMocks", () => ({ testMocks: () => undefined }));

const fixture = useFunctions();

describe("validateProxyKey", () => {
  it("asks with the proxy key itself, and takes no 200 for a pass", async () => {
    const { key } = fixture.account.addKey({ name: "web", modelWhitelist: ["gpt-4o"] });
    expect(await validateProxyKey({ key })).toEqual({ valid: true });
    expect(await validateProxyKey({ key, model: "gpt-4o" })).toEqual({ valid: true });
    expect(await validateProxyKey({ key, model: "o3" })).toEqual({
      valid: false,
      reason: "Model 'o3' not in whitelist",
    });
    fixture.account.disableKey("web");
    expect(await validateProxyKey({ key })).toEqual({ valid: false, reason: "Proxy key is disabled" });
    expect(fixture.simulator.journal.map(({ body, status }) => [body, status])).toEqual([
      [{}, 200],
      [{ model: "gpt-4o" }, 200],
      [{ model: "o3" }, 200],
      [{}, 200],
    ]);
  });

  it("calls a key that is none invalid, without sending what is no proxy key", async () => {
    const key = "ek-proxy-0123456789abcdef";
    expect(await validateProxyKey({ key })).toEqual({
      valid: false,
      reason: expect.stringContaining("Invalid proxy key"),
    });
    expect(fixture.simulator.requests()).toEqual([VALIDATE]);
    expect(await validateProxyKey({ key: fixture.account.apiKey })).toEqual({
      valid: false,
      reason: "It is not a complete proxy key (ek-proxy-…).",
    });
    expect(fixture.simulator.requests()).toEqual([VALIDATE]);
  });

  it("fails where the API does not say", async () => {
    const { key } = fixture.account.addKey({ name: "web" });
    fixture.simulator.inject(edgePage(403));
    expect(await fixture.failure(validateProxyKey({ key }))).toMatch(
      /^Cannot validate proxy key pk-[0-9a-f]{16}: The network edge in front of the API blocks/,
    );
    fixture.simulator.inject({ status: 200, body: { valid: "yes" } });
    expect(await fixture.failure(validateProxyKey({ key }))).toContain("JSON of another shape");
  });
});

describe("getAccount", () => {
  it("returns the credits and the plan, with one request for concurrent calls", async () => {
    fixture.account.addKey({ name: "web", allocatedAmount: 10 });
    fixture.account.balance = 12.5;
    expect(await Promise.all([getAccount(), getAccount()])).toEqual([
      { credits: 12.5, subscription: "pro" },
      { credits: 12.5, subscription: "pro" },
    ]);
    expect(fixture.simulator.requests()).toEqual([ME]);
  });

  it("says what to do about an API key that is refused or missing", async () => {
    vi.stubEnv("ELECTRONHUB_API_KEY", `ek-${"0".repeat(48)}`);
    expect(await fixture.failure(getAccount())).toMatch(
      /^Cannot get the account: .*does not accept this API key \(HTTP 401.*\nCheck electronhub:apiKey/,
    );
    vi.stubEnv("ELECTRONHUB_API_KEY", undefined);
    expect(await fixture.failure(getAccount())).toMatch(
      /^Cannot get the account: No Electron Hub API key is configured/,
    );
  });

  it("follows the stack's configuration before the environment", async () => {
    pulumi.runtime.setAllConfig({ "electronhub:apiKey": fixture.simulator.account("other").apiKey });
    expect(await getAccount()).toMatchObject({ credits: 100_000 });
    expect(fixture.simulator.journal).toMatchObject([{ account: "other" }]);
  });
});

describe("an explicit account", () => {
  const mock = (preview: boolean) =>
    pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
        call: () => ({}),
      },
      "project",
      "stack",
      preview,
    );

  it("is asked with its own settings and the environment's, never with the stack's", async () => {
    await mock(false);
    pulumi.runtime.setAllConfig({ "electronhub:baseUrl": "http://127.0.0.1:9/v1" });
    fixture.simulator.account("other").addKey({ name: "theirs" });
    const provider = new Account("other", {
      apiKey: pulumi.secret(fixture.simulator.account("other").apiKey),
    });
    expect(await getProxyKeys({}, { provider })).toMatchObject([{ name: "theirs" }]);
    const output = getProxyKeysOutput({ namePrefix: pulumi.output("their") }, { provider });
    expect(await promised(output)).toMatchObject([{ name: "theirs" }]);
    // The API key was needed, and is not in the answer.
    expect(await pulumi.isSecret(output)).toBe(false);
    expect(await pulumi.isSecret(getProxyKeysOutput({ namePrefix: pulumi.secret("a") }, { provider }))).toBe(
      true,
    );
    expect(new Set(fixture.simulator.journal.map(({ account }) => account))).toEqual(new Set(["other"]));
  });

  it("whose settings a preview does not know yet gives an answer that is unknown, or says why it cannot", async () => {
    await mock(true);
    const apiKey = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;
    const provider = new Account("later", { apiKey });
    const output = getProxyKeysOutput({}, { provider });
    expect(await (output as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
    expect(await fixture.failure(getProxyKeys({}, { provider }))).toBe(
      "Cannot list the account's proxy keys: The account's settings are not known yet in this preview.\n" +
        "Call the function's `…Output` form: its result is then unknown, too.",
    );
    expect(fixture.simulator.requests()).toEqual([]);
  });

  it("has to be one", async () => {
    await mock(false);
    class Foreign extends pulumi.ProviderResource {}
    const provider = new Foreign("pulumi-nodejs", "foreign") as unknown as Account;
    expect(await fixture.failure(getProxyKeys({}, { provider }))).toContain("`provider` is not an `Account`");
  });
});

function promised<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => void output.apply(resolve));
}
