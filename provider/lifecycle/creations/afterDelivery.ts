/**
 * Runs something when the engine has surely read what it was handed.
 *
 * @param run is told whether the engine is ending this process, and so has everything; called again with that when it
 *   does so while `run` is still at work.
 */
export type Defer = (run: (isClosing: boolean) => Promise<void>) => void;

/** Milliseconds: far more than the way to an engine on this machine takes. */
const HAND_OVER_MS = 20;

/** How the engine ends a plugin that has answered everything. */
const CLOSING = process.platform === "win32" ? "SIGBREAK" : "SIGINT";

/**
 * After 20 ms, without keeping the process alive; or at once when the engine ends the process, which it often does
 * sooner than that after a last result. The signal ends the process as it would have without us.
 */
export function afterDelivery(): Defer {
  const waiting = new Set<Parameters<Defer>[0]>();
  const close = () => {
    for (const run of waiting) void run(true);
    if (process.listenerCount(CLOSING) > 0) return;
    // Windows knows no sending of its own signal.
    process.kill(process.pid, CLOSING === "SIGBREAK" ? "SIGTERM" : CLOSING);
  };
  const leave = (run: Parameters<Defer>[0]) => {
    waiting.delete(run);
    if (waiting.size === 0) process.off(CLOSING, close);
  };
  return (run) => {
    if (waiting.size === 0) process.once(CLOSING, close);
    waiting.add(run);
    const look = async () => {
      await run(false);
      leave(run);
    };
    setTimeout(() => void look(), HAND_OVER_MS).unref();
  };
}
