import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { Problem } from "../problems";
import { isCancelling } from "../pulumi/cancellation";

/** What an engine said while it ran: failures, by resource and of the stack as a whole, and what it deleted. */
export class Failures {
  readonly #byUrn = new Map<string, string[]>();
  readonly #deleted = new Set<string>();

  take(event: EngineEvent): void {
    const { diagnosticEvent: said, resOpFailedEvent: failed, resOutputsEvent: done } = event;
    if (done !== undefined && DELETIONS.has(done.metadata.op))
      this.#deleted.add(idOf(done.metadata.urn, done.metadata.old?.id));
    if (failed !== undefined) this.#add(failed.metadata.urn, undefined);
    if (said === undefined || said.severity !== "error" || said.ephemeral === true) return;
    this.#add(said.urn ?? "", plain(said.message));
  }

  /** Whether the engine said of any resource why it failed. */
  get any(): boolean {
    return [...this.#byUrn].some(([urn, said]) => !isStack(urn) && said.length > 0);
  }

  /** Why the resource failed. Undefined: it did not. */
  reasonFor(urn: string): string | undefined {
    const said = this.#byUrn.get(urn);
    return said === undefined ? undefined : said.join("\n") || "The engine does not say why.";
  }

  /** Whether the engine deleted it, by its provider's word. */
  hasDeleted({ urn, fingerprint }: { urn: string; fingerprint: string }): boolean {
    return this.#deleted.has(idOf(urn, fingerprint));
  }

  /** Failures of anything but these resources. */
  except(urns: ReadonlySet<string>): Problem[] {
    return [...this.#byUrn].flatMap(([urn, said]) => {
      const why = said.join("\n");
      // The stack's own message only says that something failed.
      if (urns.has(urn) || isStack(urn) || why === "") return [];
      const what = urn === "" ? "" : `${urn.slice(urn.lastIndexOf("::") + 2)}: `;
      return [{ why: `${what}${why}`, nextStep: "Fix this, then run the command again." }];
    });
  }

  #add(urn: string, text: string | undefined): void {
    const said = this.#byUrn.get(urn) ?? [];
    if (text !== undefined && text !== "" && !said.includes(text)) said.push(text);
    this.#byUrn.set(urn, said);
  }
}

/** What the provider reports of its waiting for the account's limit, or that the engine stops. */
export function progressIn(event: EngineEvent): string | undefined {
  if (isCancelling(event)) return "the engine finishes what is in progress, and starts nothing new";
  const { diagnosticEvent: said } = event;
  if (said === undefined || !said.severity.startsWith("info")) return undefined;
  const text = plain(said.message);
  return text.startsWith("Electron Hub:") ? text : undefined;
}

function isStack(urn: string): boolean {
  return urn.includes("::pulumi:pulumi:Stack::");
}

/** A message without the engine's marks for colours. */
function plain(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "").trim();
}

/** Steps that end with the provider's word that the resource is deleted. */
const DELETIONS: ReadonlySet<string> = new Set(["delete", "delete-replaced"]);

/** A state may have several resources of one URN, while all but one wait for their deletion. */
function idOf(urn: string, id: string | undefined): string {
  return JSON.stringify([urn, id]);
}
