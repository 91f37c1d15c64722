import { formatDuration, parseDurationMs } from "../util/duration";
import { UserError } from "../util/userError";
import { quotable } from "../util/redact";
import type { KeyObject } from "../api/wire";
import type { Operation } from "./accountContext";
import { isUnused } from "./creations/matchLostKey";

/** The key was used more recently than `refuseIfUsedWithin` allows, or its last use is unknown. */
class StillUsedError extends UserError {
  override readonly name = "StillUsedError";
}

/**
 * The check for the state's `refuseIfUsedWithin`. Undefined: the state has none.
 *
 * @returns a function that throws StillUsedError unless the last use was long enough ago.
 */
export function usageGuard(
  within: string | undefined,
  { client, call, effects }: Operation,
): ((found: KeyObject) => void) | undefined {
  if (within === undefined) return undefined;
  // A damaged state may hold another type.
  const withinMs = typeof within === "string" ? parseDurationMs(within) : undefined;
  if (withinMs === undefined) {
    throw new StillUsedError({
      why: `The state's refuseIfUsedWithin (${quotable(JSON.stringify(within))}) is not a duration, so whether the key is still used is unknown.`,
      nextStep: "Correct it in the program and run `pulumi up`, then destroy.",
    });
  }
  const refusal = (why: string, nextStep: string) =>
    new StillUsedError({
      why: `${why}, and refuseIfUsedWithin is ${within}.`,
      nextStep: `${effects.unclear === 0 ? "Nothing was removed." : "An earlier request without a clear response may still take effect."} ${nextStep}, run \`pulumi up\`, then destroy.`,
    });
  return (found) => {
    if (isUnused(found)) return;
    const { last_used: lastUsedUnixS } = found;
    if (lastUsedUnixS === undefined || lastUsedUnixS === null) {
      throw refusal(
        "The API does not show when the key was last used",
        "Make sure that the key is not in use, leave refuseIfUsedWithin out",
      );
    }
    const { serverAheadMs } = client;
    if (serverAheadMs === undefined) {
      throw refusal(
        "The API's responses do not have the time (a Date header), so how long ago the key was used is unknown",
        "Check any proxy between here and the API, or leave refuseIfUsedWithin out",
      );
    }
    // The server's clock decides, since it recorded the use. A use in its future counts as one now.
    const agoMs = Math.max(0, call.clock.nowMs() + serverAheadMs - lastUsedUnixS * 1_000);
    if (agoMs >= withinMs) return;
    throw refusal(
      `The key was used ${formatDuration(agoMs)} ago`,
      "Move the application that uses it to another key and wait, or lower refuseIfUsedWithin",
    );
  };
}
