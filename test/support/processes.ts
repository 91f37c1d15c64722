import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process that a test started. */
export interface OwnedProcess {
  pid: number;
  parentPid: number;
  /** Its command line, to detect a reused process id. */
  commandLine: string;
}

/** The running descendants of `rootPid`, parents before children. */
export function descendantsOf(rootPid: number): OwnedProcess[] {
  const all = allProcesses();
  const found: OwnedProcess[] = [];
  const parents = [rootPid];
  for (let parent = parents.shift(); parent !== undefined; parent = parents.shift()) {
    for (const candidate of all) {
      if (candidate.parentPid !== parent) continue;
      found.push(candidate);
      parents.push(candidate.pid);
    }
  }
  return found;
}

/**
 * The processes whose working directory is in a folder, including orphans. Empty on systems without /proc.
 */
export function processesIn(folder: string): OwnedProcess[] {
  if (process.platform !== "linux") return [];
  return fromProc().filter(({ pid }) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      // It has exited, or belongs to another user.
      return false;
    }
  });
}

/** Whether this process, not another one with its id, still runs. */
export function isAlive(owned: OwnedProcess): boolean {
  return allProcesses().some(
    ({ pid, commandLine }) => pid === owned.pid && commandLine === owned.commandLine,
  );
}

/** Ends the processes that still run. */
export function endProcesses(owned: readonly OwnedProcess[]): void {
  if (owned.length === 0) return;
  const running = new Map(allProcesses().map(({ pid, commandLine }) => [pid, commandLine]));
  for (const { pid, commandLine } of owned) {
    if (running.get(pid) !== commandLine) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has exited.
    }
  }
}

function allProcesses(): OwnedProcess[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** Slim containers have no `ps`, every Linux has /proc. */
function fromProc(): OwnedProcess[] {
  const found: OwnedProcess[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      // The name is in parentheses and may contain spaces and parentheses. State and parent follow it.
      const [state, parentPid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z") continue;
      const commandLine = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      found.push({ pid: Number(entry), parentPid: Number(parentPid), commandLine });
    } catch {
      // It has exited.
    }
  }
  return found;
}

function fromPs(): OwnedProcess[] {
  if (process.platform === "win32") return [];
  const table = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return [...table.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parentPid, args]) => ({
    pid: Number(pid),
    parentPid: Number(parentPid),
    commandLine: args ?? "",
  }));
}
