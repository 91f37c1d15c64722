/** Where a Redis or Valkey server is, and how to log in. */
export interface RedisAddress {
  host: string;
  port: number;
  isTls: boolean;
  username: string | undefined;
  password: string | undefined;
  database: number;
}

/** Reads `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS. Undefined: it is no such URL. */
export function redisAddress(text: string): RedisAddress | undefined {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "" || /[?#\s]/.test(text))
    return undefined;
  const database = /^\/?(\d{0,5})$/.exec(url.pathname)?.[1];
  if (database === undefined) return undefined;
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? DEFAULT_PORT : Number(url.port),
      isTls: url.protocol === "rediss:",
      username: decodeURIComponent(url.username) || undefined,
      password: decodeURIComponent(url.password) || undefined,
      database: Number(database),
    };
  } catch {
    // A per cent sign that starts no character.
    return undefined;
  }
}

const DEFAULT_PORT = 6379;
