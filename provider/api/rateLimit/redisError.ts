import { errorCode, errorField } from "../../util/errno";
import type { RedisAddress } from "./redisAddress";
import { SharedWindowError } from "./sharedWindow";

/** The server did not answer in time. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";

  constructor(readonly limitMs: number) {
    super(`no answer within ${limitMs} ms`);
  }
}

/** Whether the connection was closed before the reply. */
export function isClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^E(?:CONNRESET|PIPE)$/.test(errorCode(error) ?? "") ||
    /^(?:SocketClosedUnexpectedly|DisconnectsClient|ClientClosed|ClientOffline)/.test(error.constructor.name)
  );
}

/**
 * Says why a server cannot be used. The texts are our own: those of servers and of the client may contain what was sent.
 */
export function redisError(
  cause: unknown,
  { host, port }: Pick<RedisAddress, "host" | "port">,
): SharedWindowError {
  const { why, nextStep } = reasonOf(cause);
  return new SharedWindowError({ why: `The server ${host}:${port} ${why}.`, nextStep });
}

interface Reason {
  /** Continues "The server HOST:PORT". */
  why: string;
  nextStep: string;
}

const CHECK_URL =
  "Check electronhub:sharedWindow (host, port, rediss:// for TLS), and that the server runs and can be reached.";
const CHECK_LOGIN = "Check the user and the password in electronhub:sharedWindow.";
const PERMISSIONS =
  "Allow the user the commands EVAL, HGET, HSET, PEXPIRE and TIME on the keys `electronhub:window:*`.";
const MASTER = "Name the address of the primary server in electronhub:sharedWindow.";

/** By the code of a system call or of TLS. */
const BY_CODE: readonly [RegExp, string, string][] = [
  [/^ECONNREFUSED$/, "refuses connections", CHECK_URL],
  [/^(?:ENOTFOUND|EAI_\w+)$/, "is not known to the name service", CHECK_URL],
  [/^(?:ECONNRESET|EPIPE)$/, "closed the connection", CHECK_URL],
  [/^E(?:TIMEDOUT|HOSTUNREACH|NETUNREACH)$/, "cannot be reached", CHECK_URL],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/,
    "has a certificate that is not trusted",
    "Set NODE_EXTRA_CA_CERTS to the file of its authority, and use the name that the certificate has.",
  ],
  [/^(?:ERR_SSL|EPROTO)/, "does not speak TLS", "Write redis:// for a server without TLS."],
];

/** By the start of the server's reply, which a script may hide in its own. */
const BY_REPLY: readonly [RegExp, string, string][] = [
  [/WRONGPASS|invalid (?:username-)?password/, "refuses the password", CHECK_LOGIN],
  [/NOAUTH|without any password configured/, "has another login than the URL", CHECK_LOGIN],
  [/NOPERM|no permissions|can't run this command|can't access/, "does not permit a command", PERMISSIONS],
  [/READONLY/, "is a read-only replica", MASTER],
  [/MASTERDOWN/, "is a replica without its primary", MASTER],
  [/LOADING/, "is still loading its data", "Run the command again later."],
  [/OOM/, "has no memory left", "Raise its `maxmemory`, or delete data."],
  [/MISCONF/, "cannot save its data, and refuses writes", "See the log of the server."],
  [
    /^(?:MOVED|ASK|CLUSTERDOWN|CROSSSLOT)/,
    "is one node of a cluster",
    "Name a server outside a cluster, or the cluster's proxy.",
  ],
  [
    /WRONGTYPE/,
    "has another kind of value under the window's key",
    "Delete the keys `electronhub:window:*`.",
  ],
  [/non deterministic|wrong number of arguments/i, "is too old", "Use a newer one, such as Redis 7."],
  [
    /DB index/,
    "does not have the database",
    "Write another number, or none, at the end of electronhub:sharedWindow.",
  ],
];

function reasonOf(cause: unknown): Reason {
  if (cause instanceof TimedOut)
    return { why: `did not answer within ${cause.limitMs} ms`, nextStep: CHECK_URL };
  // Several addresses of one name were tried.
  const [first = cause] = (errorField(cause, "errors") as unknown[] | undefined) ?? [];
  const code = errorCode(first) ?? "";
  if (code.endsWith("MODULE_NOT_FOUND")) return NOT_INSTALLED;
  const text = first instanceof Error ? first.message : "";
  const [, why, nextStep] =
    BY_CODE.find(([pattern]) => code !== "" && pattern.test(code)) ??
    BY_REPLY.find(([pattern]) => pattern.test(text)) ??
    unknownReason(first);
  return { why, nextStep };
}

const NOT_INSTALLED: Reason = {
  why: "needs a client that is not installed",
  nextStep: "Install it: `npm install @redis/client`.",
};

function unknownReason(error: unknown): readonly [undefined, string, string] {
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const isLate = name.includes("Timeout");
  const why = isLate
    ? "did not answer in time"
    : isClosed(error)
      ? "closed the connection"
      : `failed (${name})`;
  return [undefined, why, CHECK_URL];
}
