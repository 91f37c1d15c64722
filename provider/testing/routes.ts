import { type SimulatedResponse, jsonResponse, responseForError } from "./simulatedResponse";
import type { ReceivedRequest } from "./receivedRequest";
import * as endpoints from "./endpoints";
import { RequestError } from "./requestError";

/** The result of a request. */
export interface EndpointResult {
  readonly response: SimulatedResponse;
  /** Whether the request took effect. */
  readonly applied: boolean;
  /** The states of `is_active` in the response. They count as seen once it is sent. */
  readonly observed: readonly endpoints.Observation[];
}

const ROUTES: Readonly<Record<string, endpoints.SimulatedEndpoint>> = {
  "POST /auth/proxy/create": endpoints.create,
  "GET /auth/proxy": endpoints.list,
  "POST /auth/proxy/lookup": endpoints.lookup,
  "POST /auth/proxy/update": endpoints.update,
  "POST /auth/proxy/toggle": endpoints.toggle,
  "POST /auth/proxy/remove": endpoints.remove,
  "POST /auth/proxy/validate": endpoints.validate,
  "GET /user/me": endpoints.profile,
  // The dangerous routes do what they do in reality, so that a test sees the damage.
  "DELETE /auth/proxy": endpoints.removeAll,
  "DELETE /auth/proxy/delete": endpoints.removeAll,
  "DELETE /auth/proxy/delete/": endpoints.removeAll,
  "GET /auth/key/regen": endpoints.regenerate,
};

const LEGACY_ROUTES: readonly {
  readonly pattern: RegExp;
  readonly endpoint: endpoints.SimulatedEndpoint;
}[] = [
  { pattern: /^DELETE \/auth\/proxy\/delete\/([^/]+)$/, endpoint: endpoints.remove },
  { pattern: /^POST \/auth\/proxy\/toggle\/([^/]+)$/, endpoint: endpoints.toggle },
  { pattern: /^POST \/auth\/proxy\/update\/([^/]+)$/, endpoint: endpoints.update },
  { pattern: /^GET \/auth\/proxy\/([^/]+)$/, endpoint: endpoints.lookup },
];

/** Performs a request in one step, and returns the API's response. */
export function perform(
  received: ReceivedRequest,
  context: Omit<endpoints.Context, "received" | "pathKey">,
): EndpointResult {
  const route = findRoute(received);
  if (route === undefined) {
    // The framework's response, the same in every dialect.
    return { response: jsonResponse(404, { detail: "Not Found" }), applied: false, observed: [] };
  }
  try {
    const {
      status = 200,
      value,
      observed = [],
    } = route.endpoint({ ...context, received, pathKey: route.pathKey });
    return { response: jsonResponse(status, value), applied: true, observed };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { response: responseForError(error, context.dialect), applied: false, observed: [] };
  }
}

function findRoute(
  received: ReceivedRequest,
): { endpoint: endpoints.SimulatedEndpoint; pathKey?: string | undefined } | undefined {
  if (received.path === undefined) return undefined;
  const line = `${received.method} ${received.path}`;
  const endpoint = Object.hasOwn(ROUTES, line) ? ROUTES[line] : undefined;
  if (endpoint !== undefined) return { endpoint };
  for (const legacy of LEGACY_ROUTES) {
    const match = legacy.pattern.exec(line);
    if (match !== null) return { endpoint: legacy.endpoint, pathKey: match[1] };
  }
  return undefined;
}
