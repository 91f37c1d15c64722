import { isForbidden, isUnauthorized } from "../api/errorGuards";
import { quotable, redact } from "../util/redact";
import { isUserError, UserError } from "../util/userError";
import type { ProxyKeyState, Stored } from "./schema/state";

/** What the engine requests of a key. `adopt` is a create that takes over an existing key, `import` a read that finds one. */
export type Action = "check" | "compare" | "create" | "adopt" | "import" | "read" | "update" | "delete";

/** The key of an operation, as far as it is known. Messages show only its name and fingerprint. */
export type KeyLabel = { [K in keyof Stored]: Stored[K] | undefined };

/**
 * The key exists, but a later step of its create or update failed: the resource must be saved with `state`. The state is
 * marked as unsettled, so that the next `up` sends all settings.
 */
export class PartialFailure extends Error {
  readonly state: ProxyKeyState;
  constructor(reason: unknown, state: ProxyKeyState) {
    const message =
      reason instanceof OperationError ? reason.message : "The key exists, but is not as declared.";
    super(message, { cause: reason });
    this.state = { ...state, unsettled: true };
  }
}

/** What a verb throws, with a message that a host can show as it is: no secret, no stack, no raw body. */
export class OperationError extends UserError {
  override readonly name = "OperationError";
  constructor(why: string, nextStep: string) {
    super({ why, nextStep });
    this.message = `${why}\n${nextStep}`;
  }
}

/** The failure for the engine: what failed, for which key, why, and what to do next. */
export function failureOf(
  action: Action,
  label: KeyLabel,
  error: unknown,
  secrets: readonly string[] = [],
): OperationError | PartialFailure {
  if (!(error instanceof PartialFailure)) {
    const what = ["Cannot", VERBS[action], "proxy key", nameOf(label)].filter(Boolean).join(" ");
    return explained(action, what, error, [label.key ?? "", ...secrets]);
  }
  const { state, cause } = error;
  const done = { create: "was created", adopt: "was adopted" }[action as string] ?? "was updated in part";
  const what = `Proxy key ${nameOf(state)} ${done}, but is not yet as declared`;
  return new PartialFailure(explained(action, what, cause, [state.key, ...secrets]), state);
}

const VERBS: Record<Action, string> = {
  check: "check",
  compare: "compare",
  create: "create",
  adopt: "adopt",
  import: "import",
  read: "refresh",
  update: "update",
  delete: "remove",
};

function explained(action: Action, what: string, error: unknown, secrets: readonly string[]): OperationError {
  const safe = (text: string) => redact(text, secrets);
  if (isUserError(error)) {
    const why = [`${what}: ${error.why}`, attemptsOf(error)].filter(Boolean).join("\n");
    return new OperationError(safe(why), safe(nextStep(action, error)));
  }
  const name = error instanceof Error ? error.name : "Error";
  const text = quotable(error instanceof Error ? error.message : String(error));
  return new OperationError(
    safe(`${what}: ${name}: ${text}.`),
    "This is a defect of pulumi-electronhub; nothing was recorded as done. Please report it.",
  );
}

function nameOf({ name, fingerprint }: KeyLabel): string {
  const parts = [
    typeof name === "string" && JSON.stringify(quotable(name)),
    fingerprint && `(${quotable(fingerprint)})`,
  ];
  return parts.filter(Boolean).join(" ");
}

/** Of many attempts, this many of the first and of the last are shown. */
const SHOWN_ATTEMPTS = 3;

function attemptsOf({ attempts }: UserError): string {
  if (attempts.length < 2) return "";
  const shown =
    attempts.length <= 2 * SHOWN_ATTEMPTS
      ? attempts
      : [...attempts.slice(0, SHOWN_ATTEMPTS), "…", ...attempts.slice(-SHOWN_ATTEMPTS)];
  return [`It was tried ${attempts.length} times:`, ...shown.map((attempt) => `  ${attempt}`)].join("\n");
}

/** The engine gives refresh and destroy the configuration that the last `up` stored. */
const STORED_CONFIGURATION =
  "Destroy and refresh use the configuration that the last `pulumi up` stored, not today's: after a rotation of the " +
  "API key run `pulumi up` first, or add `--run-program` to `pulumi destroy` or `pulumi refresh`.";

function nextStep(action: Action, error: UserError): string {
  if (action === "create" && isForbidden(error, "keyCap")) {
    return `${error.nextStep} If a new key replaces an old one, \`deleteBeforeReplace\` in the resource's options removes the old one first.`;
  }
  const isStored = action === "delete" || action === "read";
  return isStored && isUnauthorized(error) ? `${error.nextStep} ${STORED_CONFIGURATION}` : error.nextStep;
}
