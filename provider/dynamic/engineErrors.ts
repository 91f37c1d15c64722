import { PartialFailure } from "../lifecycle/failures";
import { SHOWN_BY_THE_ENGINE } from "./hostLog";

/** Translates an error of the lifecycle for the dynamic-provider host. */
export function toEngineError(error: Error, providerCode: unknown): EngineError | InitializationError {
  if (!(error instanceof PartialFailure)) return new EngineError(error.message);
  const { message, state } = error;
  return {
    message,
    id: state.fingerprint,
    // Without the provider's code the engine could never delete the resource.
    properties: { ...state, __provider: providerCode },
    reasons: [`${message} ${PARTIAL}`],
  };
}

const PARTIAL = "The key is kept in the state; the next `pulumi up` brings it to what is declared.";

/** The host also prints `toString()` and the stack. Both are without content, so that the user reads the message once. */
export class EngineError extends Error {
  constructor(message: string) {
    super(message);
    this.stack = "";
  }
  override toString(): string {
    return SHOWN_BY_THE_ENGINE;
  }
}

/** Makes the engine save a resource although its create or update failed. The engine shows only `reasons`. */
interface InitializationError {
  message: string;
  id: string;
  properties: Record<string, unknown>;
  reasons: string[];
}
