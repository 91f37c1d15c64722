import { isForbidden, isUnauthorized } from "../api/errorGuards";
import { quotable, redact } from "../util/redact";
import { isUserError, type UserError } from "../util/userError";
import { SHOWN_BY_THE_ENGINE } from "./hostLog";
import type { ProxyKeyState } from "./schema/state";

/** What the engine asked for, in the words of the command line. */
export type Action = "check" | "compare" | "create" | "adopt" | "read" | "update" | "delete";

/** The key that an operation is about, as far as it is known. Only its name and fingerprint are ever shown. */
export interface KeyLabel {
  name?: unknown;
  fingerprint?: unknown;
  key?: unknown;
}

/**
 * An error as the host takes it. It prints `toString()` and the stack beside the message, so neither says anything, and
 * the message stands once, under the resource.
 */
export class EngineError extends Error {
  constructor(message: string) {
    super(message);
    this.stack = "";
  }
  override toString(): string {
    return SHOWN_BY_THE_ENGINE;
  }
}

/**
 * Thrown when a key exists, and something after its creation or within an update fails. The state is marked as unsettled,
 * so that the next `up` sends everything, whatever the program then declares.
 */
export class PartialFailure extends Error {
  readonly state: ProxyKeyState;
  constructor(reason: unknown, state: ProxyKeyState) {
    super("The key exists, but is not yet as declared.", { cause: reason });
    this.state = { ...state, unsettled: true };
  }
}

/** What the host needs to save a resource together with the news that it is not as declared. */
interface HostInitializationError {
  message: string;
  id: string;
  properties: Record<string, unknown>;
  reasons: string[];
}

const VERBS: Record<Action, string> = {
  check: "check",
  compare: "compare",
  create: "create",
  adopt: "adopt",
  read: "refresh",
  update: "update",
  delete: "remove",
};

const PARTIAL = "The key is kept in the state; the next `pulumi up` brings it to what is declared.";

/**
 * The one way out for errors: what failed, which key, why, and last what to do next. Never a secret, a stack or a raw
 * body.
 */
export function toEngineError(
  action: Action,
  subject: KeyLabel,
  error: unknown,
  properties: Record<string, unknown>,
  secrets: readonly string[] = [],
): EngineError | HostInitializationError {
  if (error instanceof PartialFailure) return toInitializationError(action, error, properties, secrets);
  const what = ["Cannot", VERBS[action], "proxy key", nameOf(subject)].filter(Boolean).join(" ");
  return new EngineError(redact(explain(action, what, error), [...secretsOf(subject), ...secrets]));
}

function toInitializationError(
  action: Action,
  { cause, state }: PartialFailure,
  properties: Record<string, unknown>,
  secrets: readonly string[],
): HostInitializationError {
  const done = { create: "was created", adopt: "was adopted" }[action as string] ?? "was updated in part";
  const what = `Proxy key ${nameOf(state)} ${done}, but is not yet as declared`;
  const message = redact(explain(action, what, cause), [...secretsOf(state), ...secrets]);
  return {
    message,
    id: state.fingerprint,
    // Without the provider's text the resource could never be destroyed.
    properties: { ...state, __provider: properties["__provider"] },
    reasons: [`${message} ${PARTIAL}`],
  };
}

function explain(action: Action, what: string, error: unknown): string {
  if (!isUserError(error)) {
    const name = error instanceof Error ? error.name : "Error";
    const text = quotable(error instanceof Error ? error.message : String(error));
    return `${what}: ${name}: ${text}. This is a defect of pulumi-electronhub; nothing was recorded as done. Please report it.`;
  }
  return [`${what}: ${error.why}`, attemptsOf(error), nextStep(action, error)].filter(Boolean).join("\n");
}

function nameOf({ name, fingerprint }: KeyLabel): string {
  const parts = [
    typeof name === "string" ? JSON.stringify(quotable(name)) : undefined,
    typeof fingerprint === "string" && fingerprint !== "" ? `(${quotable(fingerprint)})` : undefined,
  ];
  return parts.filter(Boolean).join(" ");
}

/** Of many tries the first and the last so many are shown. */
const SHOWN_ATTEMPTS = 3;

function attemptsOf({ attempts }: UserError): string {
  if (attempts.length < 2) return "";
  const shown =
    attempts.length <= 2 * SHOWN_ATTEMPTS
      ? attempts
      : [...attempts.slice(0, SHOWN_ATTEMPTS), "…", ...attempts.slice(-SHOWN_ATTEMPTS)];
  return [`It was tried ${attempts.length} times:`, ...shown.map((attempt) => `  ${attempt}`)].join("\n");
}

/** The engine gives refresh and destroy the configuration that the last `up` stored, not today's. */
const STORED_CONFIGURATION =
  "Destroy and refresh use the configuration that the last `pulumi up` stored, not today's: after a rotation of the " +
  "API key run `pulumi up` first, or add `--run-program` to the command.";

function nextStep(action: Action, error: UserError): string {
  if (action === "create" && isForbidden(error, "keyCap")) {
    return `${error.nextStep} Where a new key replaces an old one, \`deleteBeforeReplace\` in the resource's options removes the old one first.`;
  }
  const stale = (action === "delete" || action === "read") && isUnauthorized(error);
  return stale ? `${error.nextStep} ${STORED_CONFIGURATION}` : error.nextStep;
}

function secretsOf({ key }: KeyLabel): string[] {
  return typeof key === "string" && key !== "" ? [key] : [];
}
