import { formatDuration } from "../util/duration";
import type { Limits } from "../lifecycle/accountContext";

/**
 * How long an operation may wait by the resource's option `customTimeouts`, in seconds. 0: it has none. An older SDK does not
 * pass it to a read.
 */
export function limitsOf(request: { getTimeout?(): number }): Limits {
  const timeoutS = request.getTimeout?.() ?? 0;
  if (timeoutS <= 0) return {};
  const maxWaitMs = timeoutS * 1_000;
  const name = `the resource's timeout of ${formatDuration(maxWaitMs)}`;
  return { maxWaitMs, limit: { name, where: "the resource's option `customTimeouts`" } };
}
