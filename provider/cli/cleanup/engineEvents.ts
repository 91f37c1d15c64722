import type { EngineEvent } from "@pulumi/pulumi/automation";
import { FIX_AND_RUN_AGAIN, type Problem } from "../problems";
import { isCancelling } from "../pulumi/cancellation";
import { resourceName } from "../pulumi/names";

/** Collects an engine's failures and deletions from its events. */
export class Failures {
  readonly #messages = new Map<string, Set<string>>();
  readonly #deleted = new Set<string>();

  take(event: EngineEvent): void {
    const { diagnosticEvent: diagnostic, resOpFailedEvent: failed, resOutputsEvent: done } = event;
    if (done !== undefined && DELETIONS.has(done.metadata.op))
      this.#deleted.add(idOf(done.metadata.urn, done.metadata.old?.id));
    if (failed !== undefined) this.#messagesOf(failed.metadata.urn);
    if (diagnostic === undefined || diagnostic.severity !== "error" || diagnostic.ephemeral === true) return;
    const { urn = "" } = diagnostic;
    const message = withoutColors(diagnostic.message);
    const messages = this.#messagesOf(urn);
    if (message !== "" && !(urn === "" && ONLY_FAILED.test(message))) messages.add(message);
  }

  /** Whether the engine gave a reason for the failure of a resource. */
  get any(): boolean {
    return [...this.#messages].some(([urn, messages]) => !isStack(urn) && messages.size > 0);
  }

  /** Why the resource failed. Undefined: it did not fail. */
  reasonFor(urn: string): string | undefined {
    const messages = this.#messages.get(urn);
    return messages && ([...messages].join("\n") || "The engine gives no reason.");
  }

  /** Whether the engine deleted the resource, as its provider reported. */
  hasDeleted({ urn, fingerprint }: { urn: string; fingerprint: string }): boolean {
    return this.#deleted.has(idOf(urn, fingerprint));
  }

  /** Failures of everything except these resources. */
  except(urns: ReadonlySet<string>): Problem[] {
    return [...this.#messages].flatMap(([urn, messages]) => {
      // The stack's own message only reports that a resource failed.
      if (urns.has(urn) || isStack(urn) || messages.size === 0) return [];
      const what = urn === "" ? "" : `${resourceName(urn)}: `;
      return [{ why: what + [...messages].join("\n"), nextStep: FIX_AND_RUN_AGAIN }];
    });
  }

  #messagesOf(urn: string): Set<string> {
    const messages = this.#messages.get(urn) ?? new Set();
    this.#messages.set(urn, messages);
    return messages;
  }
}

/** What the engine says at the end, also without a resource, beside the reason. */
const ONLY_FAILED = /^(?:update|destroy|refresh|preview) failed$/;

/** The provider's progress on the rate limit, or the engine's announcement that it stops. */
export function progressIn(event: EngineEvent): string | undefined {
  if (isCancelling(event)) return "the engine finishes what is in progress, and starts nothing new";
  const { diagnosticEvent: diagnostic } = event;
  if (diagnostic === undefined || !diagnostic.severity.startsWith("info")) return undefined;
  const text = withoutColors(diagnostic.message);
  return text.startsWith("Electron Hub:") ? text : undefined;
}

function isStack(urn: string): boolean {
  return urn.includes("::pulumi:pulumi:Stack::");
}

function withoutColors(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "").trim();
}

/** Steps that end when the provider reports that the resource is deleted. */
const DELETIONS: ReadonlySet<string> = new Set(["delete", "delete-replaced"]);

/** A state can have several resources with one URN: all but one wait for their deletion. */
function idOf(urn: string, id: string | undefined): string {
  return JSON.stringify([urn, id]);
}
