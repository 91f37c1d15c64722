import { createHash } from "node:crypto";
import { connect } from "node:net";
import { UserError } from "../util/userError";

/** How we know whether the engine that started this plugin process is still there. */
export interface EngineLiveness {
  isAlive(): Promise<boolean>;
}

/** Milliseconds until a silent engine counts as gone; it is on this machine, so it answers at once or never. */
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * The engine at the address that it gave the plugin process as its first argument (host:port).
 *
 * @returns undefined when the argument is no address, as in a process that is no plugin.
 */
export function engineAt(address: string | undefined): EngineLiveness | undefined {
  const match = /^(?:http:\/\/)?(.+):(\d{1,5})$/.exec(address ?? "");
  if (!match) return undefined;
  const host = (match[1] as string).replace(/^\[|\]$/g, "");
  const port = Number(match[2]);
  return { isAlive: () => canConnect(host, port) };
}

/**
 * Identifies a run of the engine by its address, which all its plugin processes have in common. A later run that happens
 * to have the same address counts as the same one.
 */
export function runIdOf(address: string | undefined): string | undefined {
  if (address === undefined || engineAt(address) === undefined) return undefined;
  return createHash("sha256").update(address).digest("hex").slice(0, 16);
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

/** The engine died while we waited: whatever we do now, nobody records it. */
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
  /** Called once, when the engine has not answered twice in a row. */
  onGone: () => void;
  /** Milliseconds from one look to the next. Default 1,000. */
  intervalMs?: number;
}

/**
 * Looks after the engine from time to time, without keeping the process alive. An engine that has ended refuses at once,
 * so two looks tell; one that is merely silent is given the time of two.
 */
export function watchEngine({ engine, onGone, intervalMs = 1_000 }: WatchOptions): { stop(): void } {
  let misses = 0;
  let isStopped = false;
  let timer: NodeJS.Timeout;
  // The next look begins when this one has ended: a silent engine must not be asked many times at once.
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
