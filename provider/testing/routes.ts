import { type Answer, jsonAnswer, refusalAnswer } from "./answers";
import type { Call } from "./call";
import * as endpoints from "./endpoints";
import { Refusal } from "./refusal";

/** What a request leads to. */
export interface Outcome {
  readonly answer: Answer;
  /** Whether the endpoint did what it was asked. */
  readonly applied: boolean;
  /** The states of `is_active` that the answer shows; they count as seen once it is sent. */
  readonly observed: readonly endpoints.Observation[];
}

const ROUTES: Readonly<Record<string, endpoints.Endpoint>> = {
  "POST /auth/proxy/create": endpoints.create,
  "GET /auth/proxy": endpoints.list,
  "POST /auth/proxy/lookup": endpoints.lookup,
  "POST /auth/proxy/update": endpoints.update,
  "POST /auth/proxy/toggle": endpoints.toggle,
  "POST /auth/proxy/remove": endpoints.remove,
  "POST /auth/proxy/validate": endpoints.validate,
  "GET /user/me": endpoints.profile,
  // The dangerous ones do what they do in reality: a test that reaches them has to see the damage.
  "DELETE /auth/proxy": endpoints.removeAll,
  "DELETE /auth/proxy/delete": endpoints.removeAll,
  "DELETE /auth/proxy/delete/": endpoints.removeAll,
  "GET /auth/key/regen": endpoints.regenerate,
};

const LEGACY_ROUTES: readonly {
  readonly pattern: RegExp;
  readonly endpoint: endpoints.Endpoint;
}[] = [
  { pattern: /^DELETE \/auth\/proxy\/delete\/([^/]+)$/, endpoint: endpoints.remove },
  { pattern: /^POST \/auth\/proxy\/toggle\/([^/]+)$/, endpoint: endpoints.toggle },
  { pattern: /^POST \/auth\/proxy\/update\/([^/]+)$/, endpoint: endpoints.update },
  { pattern: /^GET \/auth\/proxy\/([^/]+)$/, endpoint: endpoints.lookup },
];

/** Does what the request asks for, at once and wholly, and says what the API would answer. */
export function perform(call: Call, context: Omit<endpoints.Context, "call" | "pathKey">): Outcome {
  const route = findRoute(call);
  if (route === undefined) {
    // The framework's own word, whatever the dialect.
    return { answer: jsonAnswer(404, { detail: "Not Found" }), applied: false, observed: [] };
  }
  try {
    const {
      status = 200,
      value,
      observed = [],
    } = route.endpoint({ ...context, call, pathKey: route.pathKey });
    return { answer: jsonAnswer(status, value), applied: true, observed };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { answer: refusalAnswer(error, context.dialect), applied: false, observed: [] };
  }
}

function findRoute(call: Call): { endpoint: endpoints.Endpoint; pathKey?: string | undefined } | undefined {
  if (call.path === undefined) return undefined;
  const line = `${call.method} ${call.path}`;
  const endpoint = Object.hasOwn(ROUTES, line) ? ROUTES[line] : undefined;
  if (endpoint !== undefined) return { endpoint };
  for (const legacy of LEGACY_ROUTES) {
    const match = legacy.pattern.exec(line);
    if (match !== null) return { endpoint: legacy.endpoint, pathKey: match[1] };
  }
  return undefined;
}
