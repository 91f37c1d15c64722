/** A resource in the checkpoint. Secrets are envelopes with a ciphertext. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom?: boolean;
  /** Set while a replaced resource still waits for its deletion. */
  delete?: boolean;
  /** The program reads the resource (`ProxyKey.get`), and a destroy leaves it alone. */
  external?: boolean;
  /** Only of an operation: what a program or a user names to import the resource. */
  importID?: string;
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

/** The JSON of `pulumi stack export` and `pulumi stack import`. */
export interface ExportedState {
  version: number;
  deployment: {
    manifest?: unknown;
    secrets_providers?: unknown;
    resources?: StateResource[];
    pending_operations?: PendingOperation[];
  };
}

/** Parses the output of `pulumi stack export`. */
export function parseExportedState(text: string): ExportedState {
  const state: unknown = JSON.parse(text);
  if (typeof state !== "object" || state === null || !("deployment" in state))
    throw new Error("`pulumi stack export` printed no state");
  // Printed by the real engine, so it is not checked further.
  return state as ExportedState;
}
