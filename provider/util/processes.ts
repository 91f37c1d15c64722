import { readFileSync } from "node:fs";
import { errorCode } from "./errno";

/**
 * Whether a process of this id runs on this machine. One that has ended counts as ended, even while its parent has not
 * yet taken note of it.
 */
export function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  // Zero and negative numbers stand for groups of processes.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Without the permission to signal it, it is there all the same.
    return errorCode(error) !== "ESRCH";
  }
  const state = statOf(pid)?.[STATE];
  return state !== "Z" && state !== "X";
}

/**
 * When a process started, as Linux counts it, in clock ticks after boot. No change of the clock touches it, so that
 * together with its id it names a process while the machine is up.
 *
 * @returns undefined where there is no such process, and on other systems.
 */
export function processStartTicks(pid: number): number | undefined {
  const ticks = Number(statOf(pid)?.[START]);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

/** Where things stand among what follows a process's name in /proc/PID/stat (proc_pid_stat(5), fields 3 and 22). */
const STATE = 0;
const START = 19;

function statOf(pid: number): string[] | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = textOf(`/proc/${pid}/stat`);
  // The name, in parentheses, may itself contain blanks and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
