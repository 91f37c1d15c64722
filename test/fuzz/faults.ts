import { isDeepStrictEqual } from "node:util";

import type { Random } from "../chaos/random";
import {
  bareNotFound,
  edgePage,
  type FaultEffect,
  type FaultSpec,
  type JsonValue,
} from "../../provider/testing";
import {
  ENDPOINTS,
  namesOf,
  type Endpoint,
  type Fault,
  type FaultKind,
  type KeySpec,
  type Program,
} from "./model";

/** Returns the simulator's fault. */
export function faultSpec({ kind, at, times = 1, skip = 0, hold }: Fault): FaultSpec {
  return {
    on: at === "list" ? { method: "GET", path: "/auth/proxy" } : { path: `/auth/proxy/${at}` },
    times: times === "always" ? Infinity : times,
    skip,
    ...(hold ? { hold } : {}),
    ...effectOf(kind),
  };
}

function effectOf(kind: FaultKind): FaultEffect {
  switch (kind) {
    case "400":
      return refusal(400, "Invalid request");
    case "401":
      return refusal(401, "Invalid API key");
    case "402":
      return refusal(402, "Insufficient balance");
    case "403":
      return refusal(403, "Your plan is paused");
    case "403cap":
      return refusal(403, "Maximum number of proxy keys reached");
    case "404bare":
      return bareNotFound();
    case "429":
      return {
        ...refusal(429, "Rate limit exceeded. Try again in 1 seconds."),
        headers: { "retry-after": "1" },
      };
    case "500":
      return refusal(500, "Internal error");
    case "500applied":
      return { status: 500, applied: true };
    case "cutBefore":
      return { cut: "before" };
    case "cutAfter":
      return { cut: "after" };
    case "midBody":
      return { cut: "midBody" };
    case "html200":
      return edgePage(200);
  }
}

function refusal(status: number, message: string): FaultEffect {
  const body: JsonValue = { error: { message, type: "error", param: null, code: status } };
  return { status, body };
}

/** Faults of requests that took effect, without a response that confirms it. */
const UNCLEAR = ["500applied", "cutAfter", "midBody"] as const;

const KINDS: Readonly<Record<Endpoint, readonly FaultKind[]>> = {
  create: ["402", "403cap", "403", "500", ...UNCLEAR, "cutBefore", "429", "400", "html200"],
  update: ["402", "403", "500", ...UNCLEAR, ...UNCLEAR, "cutBefore", "429", "404bare", "400"],
  toggle: ["403", "500", ...UNCLEAR, "cutBefore", "429", "404bare"],
  remove: ["403", "500", ...UNCLEAR, "cutBefore", "429", "404bare", "html200", "401"],
  lookup: ["403", "500", "cutAfter", "404bare", "429", "html200", "401"],
  list: ["403", "500", "cutAfter", "404bare", "429", "html200", "401"],
};

/** One to three faults of a step. Most are at endpoints that the step is likely to use. */
export function randomFaults(random: Random, likely: readonly Endpoint[]): Fault[] {
  const one = (at: Endpoint): Fault => ({
    kind: random.pick(KINDS[at]),
    at,
    // Half of them make the operation fail. Retries may overcome the others.
    ...(random.chance(0.5)
      ? { times: "always" }
      : { times: random.pick([1, 1, 2, "always"]), skip: random.pick([0, 0, 1, 2]) }),
  });
  const endpoint = (): Endpoint => random.pick(likely.length > 0 && random.chance(0.8) ? likely : ENDPOINTS);
  const faults = [one(endpoint())];
  const at = faults[0]?.at ?? "create";
  // A clear refusal after a lost response must not hide the lost response.
  if (random.chance(0.2)) faults.push({ kind: random.pick(["403", "402", "400"]), at, times: "always" });
  else if (random.chance(0.25)) faults.push(one(endpoint()));
  if (random.chance(0.2) && at !== "list") {
    faults.push({ kind: random.pick(["500", "403"]), at: random.pick(["list", "lookup"]), times: "always" });
  }
  return faults;
}

/** Returns the endpoints that an `up` is likely to use, by the changes of the program. */
export function endpointsFor(before: Program, next: Program): Endpoint[] {
  const endpoints = new Set<Endpoint>();
  for (const spec of next.keys) {
    const old = before.keys.find(({ resource }) => namesOf(spec).includes(resource));
    if (spec.adopt !== undefined && spec.adopt !== old?.adopt) endpoints.add("lookup").add("update");
    else if (old === undefined || old.settings.rotationTrigger !== spec.settings.rotationTrigger) {
      endpoints.add("create");
      if (spec.settings.name !== undefined) endpoints.add("update");
    } else if (old.settings.enabled !== spec.settings.enabled) endpoints.add("toggle");
    else if (!isDeepStrictEqual(old.settings, spec.settings)) endpoints.add("update");
  }
  const isGone = ({ resource }: KeySpec): boolean =>
    next.keys.every((spec) => !namesOf(spec).includes(resource));
  if (before.keys.some(isGone)) endpoints.add("remove");
  if (before.rotating?.nowH !== next.rotating?.nowH) endpoints.add("create").add("remove");
  return [...endpoints];
}
