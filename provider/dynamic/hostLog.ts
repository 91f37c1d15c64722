/**
 * The host prints `${error}: ${error.stack}` for an error of check, diff, read and delete, and the engine then shows the
 * message under the resource, too. An error with this text is not printed by the host, so that the user reads it once.
 */
export const SHOWN_BY_THE_ENGINE = "pulumi-electronhub: shown under the resource";

/** The line that the host prints for such an error. */
const HOST_LINE = `${SHOWN_BY_THE_ENGINE}: `;

/** Drops that line from the host's standard error. All other output passes unchanged. */
export function silenceHostEcho(host: Pick<Console, "error">): void {
  const original = host.error.bind(host);
  host.error = (...parts: unknown[]) => {
    if (parts.length === 1 && parts[0] === HOST_LINE) return;
    original(...parts);
  };
}
