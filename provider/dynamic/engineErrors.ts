import { PartialFailure } from "../lifecycle/failures";
import { SHOWN_BY_THE_ENGINE } from "./hostLog";

/** Translates what the lifecycle throws into what the dynamic-provider host passes on to the engine. */
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

/**
 * The host prints `toString()` and the stack beside the message, so both are empty of content: the user reads the message
 * once, under the resource.
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

/** Makes the engine save a resource although its create or update failed. The engine shows only `reasons`. */
interface InitializationError {
  message: string;
  id: string;
  properties: Record<string, unknown>;
  reasons: string[];
}
