import { createHash } from "node:crypto";
import { connect } from "node:net";
import { UserError } from "../../util/userError";

/** Checks whether the engine that started this plugin process is still there. */
export interface EngineLiveness {
  isAlive(): Promise<boolean>;
}

/** A silent engine then counts as gone: it is on this machine, so it responds at once or never. */
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * The engine at an address (host:port), which it passes to the plugin process as the first argument.
 *
 * @returns undefined when the argument is not an address, as in a process that is not a plugin.
 */
export function engineAt(address: string | undefined): EngineLiveness | undefined {
  const match = /^(?:http:\/\/)?(.+):(\d{1,5})$/.exec(address ?? "");
  if (!match) return undefined;
  const host = (match[1] as string).replace(/^\[|\]$/g, "");
  const port = Number(match[2]);
  return { isAlive: () => canConnect(host, port) };
}

/**
 * Identifies a run of the engine: by its address, and by its process where that can be found. All plugin processes of the
 * run have both in common. A later engine may get the same port.
 *
 * @param engineProcess identifies the engine's process. Undefined: not known.
 */
export function runIdOf(address: string | undefined, engineProcess: string | undefined): string | undefined {
  if (address === undefined || engineAt(address) === undefined) return undefined;
  return createHash("sha256")
    .update(JSON.stringify([address, engineProcess ?? null]))
    .digest("hex")
    .slice(0, 32);
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_TIMEOUT_MS });
    const settle = (isAlive: boolean) => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
    socket.once("timeout", () => settle(false));
  });
}

/** The engine died while the operation waited, so no state would record a change. */
export class EngineGoneError extends UserError {
  override readonly name = "EngineGoneError";
  constructor() {
    super({
      why: "The Pulumi engine that asked for this no longer responds, so the request was not sent.",
      nextStep: "Run the command again.",
    });
  }
}

export interface WatchOptions {
  engine: EngineLiveness;
  /** Called once, after two failed checks in a row. */
  onGone: () => void;
  /** Default 1,000. */
  intervalMs?: number;
}

/**
 * Checks regularly whether the engine is there, without keeping the process alive. Two failed checks in a row mean that it
 * is gone.
 */
export function watchEngine({ engine, onGone, intervalMs = 1_000 }: WatchOptions): { stop(): void } {
  let misses = 0;
  let isStopped = false;
  let timer: NodeJS.Timeout;
  // The next check starts when this one has ended, so that checks of a silent engine do not pile up.
  const lookLater = () => {
    timer = setTimeout(() => void look(), intervalMs).unref();
  };
  const look = async () => {
    misses = (await engine.isAlive()) ? 0 : misses + 1;
    if (isStopped) return;
    if (misses < 2) lookLater();
    else onGone();
  };
  lookLater();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
