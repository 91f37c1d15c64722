import type { HttpRequest, HttpResponse, Transport } from "../../provider/api/transport";
import { NotOurKeyError, type OwnKeys } from "./ownKeys";

export interface Guarded {
  baseUrl: string;
  apiKey: string;
  own: OwnKeys;
}

/**
 * Lets only requests pass that are about keys of this run: those of the questions, and those of the product's own client.
 * It counts the credits that they put into budgets.
 *
 * @returns a transport whose `send` throws NotOurKeyError before anything is sent.
 */
export function guarded(transport: Transport, parts: Guarded): Transport {
  return {
    async send(request, signal) {
      const settle = admit(request, parts);
      const response = await transport.send(request, signal);
      settle(response);
      return response;
    },
    close: () => transport.close(),
  };
}

type Settle = (response: HttpResponse) => void;
type Body = Readonly<Record<string, unknown>>;

/** Credentials that no account has. The API shows what it says of their kinds. */
export const MADE_UP = {
  devPass: "ek-dev-made-up-by-a-test",
  jwt: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWRlLXVwIn0.c2lnbmF0dXJl",
} as const;

/** What only reads, and names no key. */
const READING = new Set(["GET /auth/proxy", "GET /user/me", "GET /user/logs", "GET /models"]);

/** @returns what to do with the response. @throws NotOurKeyError. */
function admit({ method, url, headers, body }: HttpRequest, { baseUrl, apiKey, own }: Guarded): Settle {
  const line = `${method} ${url.href.startsWith(`${baseUrl}/`) ? url.href.slice(baseUrl.length) : url.href}`;
  const caller = headers["authorization"]?.replace(/^Bearer /, "");
  const isOwnCaller = caller !== undefined && own.nameOf(caller) !== undefined;
  const isKnown = caller === undefined || caller === apiKey || isOwnCaller;
  const isMadeUp = Object.values<string | undefined>(MADE_UP).includes(caller);
  const sent = body === undefined ? {} : (JSON.parse(body) as Body);
  if (READING.has(line) && (isKnown || isMadeUp)) return ignore;
  // Both use the caller's own key.
  if ((line === "POST /auth/proxy/validate" || line === "POST /chat/completions") && isOwnCaller)
    return ignore;
  if (caller !== apiKey) throw new NotOurKeyError(`${line} with another credential than the API key`);
  if (line === "POST /auth/proxy/create") return admitCreate(sent, own);
  const key = sent["proxy_key"];
  const name = typeof key === "string" ? own.nameOf(key) : undefined;
  if (name === undefined) throw new NotOurKeyError(`${line} of a key that it has not made`);
  switch (line) {
    case "POST /auth/proxy/lookup":
    case "POST /auth/proxy/toggle":
      return ignore;
    case "POST /auth/proxy/update":
      return admitUpdate(sent, name, own);
    case "POST /auth/proxy/remove":
      return ({ status }) => {
        if (isSuccess(status) || status === 404) own.release(name);
      };
    default:
      throw new NotOurKeyError(line);
  }
}

function admitCreate(sent: Body, own: OwnKeys): Settle {
  const name = sent["name"];
  if (typeof name !== "string" || !own.isOfThisRun(name))
    throw new NotOurKeyError("a new key of another name");
  own.reserve(name, Number(sent["allocated_ammount"]));
  return ({ status, body }) => {
    // Otherwise its effect is unknown, and the budget counts until the list shows no key of this name.
    if (isRefusal(status)) own.release(name);
    const key = isSuccess(status) ? keyIn(body) : undefined;
    if (key !== undefined) own.claim(key, name);
  };
}

function admitUpdate(sent: Body, name: string, own: OwnKeys): Settle {
  if (sent["name"] !== name) throw new NotOurKeyError("a new name of a key");
  const before = own.creditsOf(name);
  const after = Number(sent["allocated_ammount"]);
  // Until the response is there, either may be true.
  own.reserve(name, Math.max(before, after));
  return ({ status }) => {
    if (isSuccess(status)) own.reserve(name, after);
    else if (isRefusal(status) && before > 0) own.reserve(name, before);
    else if (isRefusal(status)) own.release(name);
  };
}

function keyIn(body: string): string | undefined {
  try {
    const { key } = JSON.parse(body) as { key?: unknown };
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}

const ignore: Settle = () => {};
const isSuccess = (status: number) => status >= 200 && status < 300;
const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 408;
