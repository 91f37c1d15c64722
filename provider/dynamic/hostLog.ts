/**
 * The host prints `${error}: ${error.stack}` for an error of check, diff, read and delete, and then has the engine show
 * the message under the resource. An error whose text is this marker is left out of the first, so that a person reads
 * it once.
 */
export const SHOWN_BY_THE_ENGINE = "pulumi-electronhub: shown under the resource";

/** What the host makes of an error with the marker as its text and no stack. */
const HOST_LINE = `${SHOWN_BY_THE_ENGINE}: `;

/** Keeps that one line off the host's standard error. Everything else passes unchanged. */
export function silenceHostEcho(host: Pick<Console, "error">): void {
  const original = host.error.bind(host);
  host.error = (...parts: unknown[]) => {
    if (parts.length === 1 && parts[0] === HOST_LINE) return;
    original(...parts);
  };
}
