import { formatDuration, parseDurationMs } from "../util/duration";
import { UserError } from "../util/userError";
import { quotable } from "../util/redact";
import type { KeyObject } from "../api/wire";
import type { Operation } from "./accountContext";

/** The key was used more recently than its `refuseIfUsedWithin` allows, or whether it was cannot be decided. */
class StillUsedError extends UserError {
  override readonly name = "StillUsedError";
}

/**
 * What judges a lookup of the key by the state's `refuseIfUsedWithin`. Undefined: every key may go.
 *
 * @returns a function that throws StillUsedError unless the key was last used long enough ago.
 */
export function usageGuard(
  within: unknown,
  { client, call, effects }: Operation,
): ((found: KeyObject) => void) | undefined {
  if (typeof within !== "string") return undefined;
  const withinMs = parseDurationMs(within);
  if (withinMs === undefined) {
    throw new StillUsedError({
      why: `The state's refuseIfUsedWithin (${quotable(within)}) is no duration, so whether the key is still used cannot be told.`,
      nextStep: "Correct it in the program and run `pulumi up`, then destroy.",
    });
  }
  const refusal = (why: string, nextStep: string) =>
    new StillUsedError({
      why: `${why}, and refuseIfUsedWithin is ${within}.`,
      nextStep: `${effects.unclear === 0 ? "Nothing was removed." : "An earlier request without a clear response may still take effect."} ${nextStep}, run \`pulumi up\`, then destroy.`,
    });
  return ({ last_used: lastUsedUnixS }) => {
    if (lastUsedUnixS === undefined) {
      throw refusal(
        "The API does not say when the key was last used",
        "Make sure that nobody uses the key, leave refuseIfUsedWithin out",
      );
    }
    if (lastUsedUnixS === null) return;
    const { serverAheadMs } = client;
    if (serverAheadMs === undefined) {
      throw refusal(
        "The API's responses do not have the time (a Date header), so how long ago the key was used is unknown",
        "Check any proxy between here and the API, or leave refuseIfUsedWithin out",
      );
    }
    // The server wrote down when the key was used, so its clock decides. A use in its future is one just now.
    const agoMs = Math.max(0, call.clock.nowMs() + serverAheadMs - lastUsedUnixS * 1_000);
    if (agoMs >= withinMs) return;
    throw refusal(
      `The key was used ${formatDuration(agoMs)} ago`,
      "Move the application that uses it to another key and wait, or lower refuseIfUsedWithin",
    );
  };
}
