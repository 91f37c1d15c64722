import { readFileSync } from "node:fs";
import { errorCode } from "./errno";

/** Whether a process runs on this machine. A process that has exited but was not reaped by its parent does not. */
export function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  // 0 and negative numbers mean process groups.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists, but may not be signalled.
    return errorCode(error) !== "ESRCH";
  }
  const state = statOf(pid)?.[STATE];
  return state !== "Z" && state !== "X";
}

/**
 * When a process started on Linux, in clock ticks after boot. It does not change when the clock is set, so together
 * with the process id it identifies a process until the machine is rebooted.
 *
 * @returns undefined if there is no such process, or on other systems.
 */
export function processStartTicks(pid: number): number | undefined {
  const ticks = Number(statOf(pid)?.[START]);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

/** Indexes of the fields after a process's name in /proc/PID/stat (proc_pid_stat(5), fields 3 and 22). */
const STATE = 0;
const START = 19;

function statOf(pid: number): string[] | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = textOf(`/proc/${pid}/stat`);
  // The name is in parentheses and may contain spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
