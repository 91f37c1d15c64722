import { describe, expect, it } from "vitest";
import { ConfigurationError, DEFAULT_BASE_URL, readSettings, secretsOf } from "../../provider/config";
import { userError, thrown } from "./fixture";

const API_KEY = "ek-abcdefABCDEF0123456789";

function read(stack: Record<string, string>, environment: Record<string, string> = {}) {
  return readSettings({ stack: (key) => stack[key], environment });
}

function refusal(setting: string, value: string) {
  const error = userError(
    thrown(() => read({ "electronhub:apiKey": API_KEY, [`electronhub:${setting}`]: value })),
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return error;
}

const baseUrl = (value: string) =>
  read({ "electronhub:apiKey": API_KEY, "electronhub:baseUrl": value }).baseUrl;

describe("precedence", () => {
  it("has defaults for everything but the API key", () => {
    expect(read({ "electronhub:apiKey": API_KEY })).toMatchObject({
      apiKey: API_KEY,
      baseUrl: DEFAULT_BASE_URL,
      maxWaitMs: 3_600_000,
      userAgent: expect.stringMatching(/^pulumi-electronhub\/\d+\.\d+\.\d+ \(node\/\d+\.\d+\.\d+\)$/),
    });
    expect(DEFAULT_BASE_URL).toBe("https://api.electronhub.ai/v1");
  });

  const environment = {
    ELECTRONHUB_API_KEY: "ek-environment",
    ELECTRONHUB_BASE_URL: "https://environment.example/v1",
    ELECTRONHUB_MAX_WAIT: "5m",
    ELECTRONHUB_USER_AGENT: "environment/1",
    ELECTRONHUB_AUDIT_LOG: "environment.log",
    ELECTRONHUB_SHARED_WINDOW: "rediss://environment.example",
  };

  it("takes from the environment what the stack does not have", () => {
    expect(read({}, environment)).toEqual({
      apiKey: "ek-environment",
      baseUrl: "https://environment.example/v1",
      maxWaitMs: 300_000,
      userAgent: "environment/1",
      auditLog: "environment.log",
      sharedWindow: { host: "environment.example", port: 6_379, isTls: true, database: 0 },
    });
  });

  it("prefers the stack", () => {
    const stack = {
      "electronhub:apiKey": API_KEY,
      "electronhub:baseUrl": "https://stack.example/v1",
      "electronhub:maxWait": "2m",
      "electronhub:userAgent": "stack/1",
      "electronhub:auditLog": "stack.log",
      "electronhub:sharedWindow": "redis://stack.example:1",
    };
    expect(read(stack, environment)).toEqual({
      apiKey: API_KEY,
      baseUrl: "https://stack.example/v1",
      maxWaitMs: 120_000,
      userAgent: "stack/1",
      auditLog: "stack.log",
      sharedWindow: { host: "stack.example", port: 1, isTls: false, database: 0 },
    });
  });

  it("takes an empty value of the environment for none", () => {
    expect(read({ "electronhub:apiKey": API_KEY }, { ELECTRONHUB_BASE_URL: "" }).baseUrl).toBe(
      DEFAULT_BASE_URL,
    );
  });
});

describe("apiKey", () => {
  it.each([{}, { ELECTRONHUB_API_KEY: "" }])("is required", (environment) => {
    const error = userError(thrown(() => read({}, environment)));
    expect(error.why).toBe("No Electron Hub API key is configured.");
    expect(error.nextStep).toMatch(/pulumi config set electronhub:apiKey --secret.*ELECTRONHUB_API_KEY/);
  });

  it.each([
    ["a proxy key", "ek-proxy-abcdefABCDEF0123456789", /is a proxy key, which cannot manage/],
    ["a DevPass key", "ek-dev-abcdefABCDEF0123456789", /is a DevPass key, which cannot manage/],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.dozjgNry", /is a JWT, which the API refuses/],
    ["a header", `Bearer ${API_KEY}`, /starts with `Bearer`/],
    ["a header in small letters", `bearer ${API_KEY}`, /starts with `Bearer`/],
    ["in quotation marks", `"${API_KEY}"`, /is in quotation marks/],
    ["in single ones", `'${API_KEY}'`, /is in quotation marks/],
    ["with a line break at its end", `${API_KEY}\n`, /spaces, line breaks/],
    ["with a Windows line break", `${API_KEY}\r\n`, /spaces, line breaks/],
    ["with a space before it", ` ${API_KEY}`, /spaces, line breaks/],
    ["with a header smuggled in", `${API_KEY}\r\nx-evil: 1`, /spaces, line breaks/],
    ["of an unknown kind", "nonsense-abcdefgh", /is not an Electron Hub API key: those start with `ek-`/],
    ["another vendor's", "sk-ant-abcdefABCDEF0123456789", /is not an Electron Hub API key/],
    ["in capitals", "EK-abcdefABCDEF0123456789", /is not an Electron Hub API key/],
    ["with something before it", "xek-abcdefABCDEF0123456789", /is not an Electron Hub API key/],
    ["JSON", `{"apiKey":"${API_KEY}"}`, /is not an Electron Hub API key/],
    ["a Pulumi token", "pul-abcdefABCDEF0123456789", /is not an Electron Hub API key/],
    ["with a letter of another alphabet", `${API_KEY}é`, /characters that API keys do not have/],
  ])("is refused when it is %s, without being repeated", (_, value, why) => {
    const error = refusal("apiKey", value);
    expect(error.why).toMatch(why);
    expect(error.why).toMatch(/^electronhub:apiKey \(or ELECTRONHUB_API_KEY\) /);
    expect(error.message).not.toContain(value.trim().slice(-8));
  });
});

it("an API key is refused when it is its prefix alone", () => {
  expect(refusal("apiKey", "ek-").why).toMatch(/is not an Electron Hub API key/);
});

describe("baseUrl", () => {
  it.each([
    ["https://api.example.com/v1", "https://api.example.com/v1"],
    ["https://api.example.com/v1/", "https://api.example.com/v1"],
    ["https://api.example.com/v1///", "https://api.example.com/v1"],
    ["https://api.example.com", "https://api.example.com"],
    ["HTTPS://API.example.com:8443/v1", "https://api.example.com:8443/v1"],
    ["http://localhost:4010/v1", "http://localhost:4010/v1"],
    ["http://127.0.0.1:4010/v1", "http://127.0.0.1:4010/v1"],
    ["http://127.8.9.10/v1", "http://127.8.9.10/v1"],
    ["http://[::1]:4010/v1", "http://[::1]:4010/v1"],
  ])("%s becomes %s", (written, read) => {
    expect(baseUrl(written)).toBe(read);
  });

  it.each([
    ["api.electronhub.ai/v1", /not a URL/],
    ["https://", /not a URL/],
    ["http://api.electronhub.ai/v1", /must be https.*http only to loopback/],
    ["http://127.0.0.1.example.com/v1", /must be https/],
    ["http://localhost.example.com/v1", /must be https/],
    ["http://10.0.0.1/v1", /must be https/],
    ["ftp://localhost/v1", /must be https/],
    ["file:///etc/passwd", /must be https/],
    ["https://user@api.example.com/v1", /must not have a user, a query or a fragment/],
    ["https://user:word@api.example.com/v1", /must not have a user/],
    ["https://api.example.com/v1?key=1", /a query/],
    ["https://api.example.com/v1#top", /a fragment/],
  ])("%s is refused", (written, why) => {
    const error = refusal("baseUrl", written);
    expect(error.why).toMatch(why);
    expect(error.nextStep).toMatch(/https:\/\/api\.electronhub\.ai\/v1/);
  });

  it.each(["https://api.example.com/v1?", "https://api.example.com/v1#"])(
    "%s is refused, since the path would end up in a query or fragment",
    (written) => {
      expect(refusal("baseUrl", written).why).toMatch(/must not have/);
    },
  );
});

describe("the other settings", () => {
  it.each(["soon", "10", "-1s", "1w"])("maxWait %j is refused", (value) => {
    expect(refusal("maxWait", value).message).toMatch(/maxWait.*is not a duration.*90s, 15m or 1h/);
  });

  it.each(["with\nbreak", "é", "x".repeat(257)])("userAgent %j is refused", (value) => {
    expect(refusal("userAgent", value).message).toMatch(/userAgent.*printable ASCII/);
  });
});

describe("sharedWindow", () => {
  const address = (value: string) =>
    read({ "electronhub:apiKey": API_KEY, "electronhub:sharedWindow": value }).sharedWindow;

  it.each([
    ["redis://redis.example", { host: "redis.example", port: 6_379, isTls: false, database: 0 }],
    [
      "redis://:p%40ss%2F%23@10.0.0.1:7000/3",
      { host: "10.0.0.1", port: 7_000, password: "p@ss/#", database: 3 },
    ],
    ["rediss://team:secret@[::1]:1/", { host: "::1", username: "team", password: "secret", isTls: true }],
  ])("%s is read", (value, expected) => {
    expect(address(value)).toMatchObject(expected);
  });

  it.each([
    "redis.example:6379",
    "http://team:hunter22@redis.example",
    "redis://",
    "redis://team:hunter22@redis.example/name",
    "redis://team:hunter22@redis.example/1?tls=true",
    "redis://team:hunter22#@redis.example",
    "redis://team:hunter22%zz@redis.example",
    "redis://team:hunter22@redis.example:99999",
    " redis://team:hunter22@redis.example",
  ])("%j is refused, without being repeated", (value) => {
    const { message, why } = refusal("sharedWindow", value);
    expect(why).toBe(
      "electronhub:sharedWindow (or ELECTRONHUB_SHARED_WINDOW) is not the URL of a Redis or Valkey server.",
    );
    expect(message).not.toContain("hunter22");
  });

  it("has a password that is a secret beside the API key", () => {
    const settings = (value: string) =>
      read({ "electronhub:apiKey": API_KEY, "electronhub:sharedWindow": value });
    expect(secretsOf(settings("redis://team:hunter22%40@redis.example"))).toEqual([API_KEY, "hunter22@"]);
    expect(secretsOf(settings("redis://redis.example"))).toEqual([API_KEY]);
  });
});
