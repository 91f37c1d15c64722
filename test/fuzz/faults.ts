import type { Random } from "../chaos/random";
import {
  bareNotFound,
  edgePage,
  type FaultEffect,
  type FaultSpec,
  type JsonValue,
} from "../../provider/testing";
import { ENDPOINTS, type Endpoint, type Fault, type FaultKind } from "./model";

/** What the simulator has to do for a fault. */
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

/** Faults after which the request may have taken effect although its response says otherwise. */
const UNCLEAR = ["500applied", "cutAfter", "midBody"] as const;

const KINDS: Readonly<Record<Endpoint, readonly FaultKind[]>> = {
  create: ["402", "403cap", "403", "500", ...UNCLEAR, "cutBefore", "429", "400", "html200"],
  update: ["402", "403", "500", ...UNCLEAR, ...UNCLEAR, "cutBefore", "429", "404bare", "400"],
  toggle: ["403", "500", ...UNCLEAR, "cutBefore", "429", "404bare"],
  remove: ["403", "500", ...UNCLEAR, "cutBefore", "429", "404bare", "html200", "401"],
  lookup: ["403", "500", "cutAfter", "404bare", "429", "html200", "401"],
  list: ["403", "500", "cutAfter", "404bare", "429", "html200", "401"],
};

/** One to three faults of a step. */
export function randomFaults(random: Random): Fault[] {
  const one = (at: Endpoint): Fault => ({
    kind: random.pick(KINDS[at]),
    at,
    times: random.pick([1, 1, 1, 2, "always", "always"]),
    skip: random.pick([0, 0, 0, 0, 1, 2]),
  });
  const at = random.pick([...ENDPOINTS, "create", "create", "update", "update", "remove", "list"] as const);
  const faults = [one(at)];
  // A response that is lost, and then a clear refusal: what came before must not be forgotten over it.
  if (random.chance(0.25)) faults.push({ kind: random.pick(["403", "402", "400"]), at, times: "always" });
  else if (random.chance(0.3)) faults.push(one(random.pick(ENDPOINTS)));
  if (random.chance(0.2) && at !== "list") {
    faults.push({ kind: random.pick(["500", "403"]), at: random.pick(["list", "lookup"]), times: "always" });
  }
  return faults;
}
