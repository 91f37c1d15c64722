import { describe, expect, it } from "vitest";
import { proxySettings } from "../../../provider/api/proxySettings";
import { thrown, userError } from "../fixture";

describe("the proxy of the environment", () => {
  it.each<[Record<string, string>, string]>([
    [{}, ""],
    [{ HTTPS_PROXY: "" }, ""],
    [{ HTTPS_PROXY: " " }, ""],
    [{ HTTPS_PROXY: "http://proxy:3128" }, "http://proxy:3128"],
    [{ HTTPS_PROXY: "127.0.0.1:3128" }, "http://127.0.0.1:3128"],
    [{ HTTPS_PROXY: "proxy:3128" }, "http://proxy:3128"],
    [{ HTTPS_PROXY: " proxy " }, "http://proxy"],
    [{ HTTPS_PROXY: "[::1]:3128" }, "http://[::1]:3128"],
    [{ HTTPS_PROXY: "ann:word@proxy:3128" }, "http://ann:word@proxy:3128"],
    [{ HTTPS_PROXY: "https://proxy" }, "https://proxy"],
    [{ HTTPS_PROXY: "socks5://proxy:1080" }, "socks5://proxy:1080"],
    [{ HTTP_PROXY: "proxy:1" }, "http://proxy:1"],
    [{ HTTP_PROXY: "proxy:1", HTTPS_PROXY: "proxy:2" }, "http://proxy:2"],
    [{ https_proxy: "proxy:1", HTTPS_PROXY: "proxy:2" }, "http://proxy:1"],
    [{ https_proxy: "", HTTPS_PROXY: "proxy:2" }, "http://proxy:2"],
  ])("%j is %j", (environment, proxy) => {
    expect(proxySettings(environment)).toEqual({ httpProxy: proxy, httpsProxy: proxy, noProxy: "" });
  });

  it("goes past the hosts of NO_PROXY", () => {
    expect(proxySettings({ no_proxy: "", NO_PROXY: "a.example" }).noProxy).toBe("a.example");
  });

  it.each([
    ["HTTPS_PROXY", "http://"],
    ["https_proxy", "ftp://ann:s3cret@proxy"],
    ["HTTP_PROXY", "http://ann:s3cret@proxy:port"],
    ["HTTPS_PROXY", "socks4://s3cret"],
    ["HTTPS_PROXY", "s3cret proxy"],
  ])("%s=%s is refused by the variable's name, without its value", (name, value) => {
    const error = userError(thrown(() => proxySettings({ [name]: value })));
    expect(error).toMatchObject({ name: "ConnectionError", maybeSent: false, retryable: false });
    expect(error.why).toBe(`The environment variable ${name} is not the address of a proxy.`);
    expect(error.nextStep).toContain(`Write ${name} as http://HOST:PORT`);
  });
});
