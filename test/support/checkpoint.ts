/** A resource as the checkpoint holds it; secrets are envelopes with a ciphertext. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom?: boolean;
  /** Set while a replaced resource still waits for its deletion. */
  delete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  initErrors?: string[];
  parent?: string;
  protect?: boolean;
  provider?: string;
  additionalSecretOutputs?: string[];
}

/** An operation that was in flight when the engine ended. */
export interface PendingOperation {
  type: string;
  resource: StateResource;
}

/** What `pulumi stack export` prints and `pulumi stack import` reads. */
export interface ExportedState {
  version: number;
  deployment: {
    manifest?: unknown;
    secrets_providers?: unknown;
    resources?: StateResource[];
    pending_operations?: PendingOperation[];
  };
}

/** Reads what `pulumi stack export` printed. */
export function parseExportedState(text: string): ExportedState {
  const state: unknown = JSON.parse(text);
  if (typeof state !== "object" || state === null || !("deployment" in state))
    throw new Error("`pulumi stack export` printed something that is no state");
  // The engine's own format, made by the real engine: nothing else to check here.
  return state as ExportedState;
}
