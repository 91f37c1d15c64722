import { ConnectionError } from "./errors";

type Environment = Readonly<Record<string, string | undefined>>;

/** In the form of undici, which fails on an address without a scheme if it reads the environment. Empty: none. */
interface ProxySettings {
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
}

/**
 * The proxy that the environment names, by the conventions of curl: lower case first, an empty variable counts as unset,
 * and an address without a scheme is one of http.
 *
 * @throws ConnectionError that names a malformed variable, never its value, which may hold a password.
 */
export function proxySettings(environment: Environment): ProxySettings {
  const noProxy = firstSet(environment, ["no_proxy", "NO_PROXY"])?.value ?? "";
  const named = firstSet(environment, ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"]);
  if (named === undefined) return { httpProxy: "", httpsProxy: "", noProxy };
  const { name, value } = named;
  const proxy = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (URL.canParse(proxy)) {
    const { protocol, hostname } = new URL(proxy);
    if (SCHEMES.has(protocol) && hostname !== "") return { httpProxy: proxy, httpsProxy: proxy, noProxy };
  }
  throw new ConnectionError({
    maybeSent: false,
    why: `The environment variable ${name} is not the address of a proxy.`,
    nextStep: `Write ${name} as http://HOST:PORT, or unset it, then run the command again.`,
  });
}

const SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "socks5:", "socks:"]);

function firstSet(environment: Environment, names: readonly string[]) {
  const set = names.map((name) => ({ name, value: (environment[name] ?? "").trim() }));
  return set.find(({ value }) => value !== "");
}
