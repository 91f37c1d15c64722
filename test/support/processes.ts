import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process that something of ours started. */
export interface OwnedProcess {
  pid: number;
  parentPid: number;
  /** Its command line: guards against a process id that the system has given away again. */
  commandLine: string;
}

/** The processes below `rootPid` that run now, parents before children. */
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
 * The processes that work in a folder, whoever started them: an orphan has no parent that would tell. Empty where the
 * system has no /proc.
 */
export function processesIn(folder: string): OwnedProcess[] {
  if (process.platform !== "linux") return [];
  return fromProc().filter(({ pid }) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      // It ended in between, or belongs to somebody else.
      return false;
    }
  });
}

/** Whether that very process (not another one with its id) still runs. */
export function isAlive(owned: OwnedProcess): boolean {
  return allProcesses().some(
    ({ pid, commandLine }) => pid === owned.pid && commandLine === owned.commandLine,
  );
}

/** Ends those of the processes that still run. */
export function endProcesses(owned: readonly OwnedProcess[]): void {
  if (owned.length === 0) return;
  const running = new Map(allProcesses().map(({ pid, commandLine }) => [pid, commandLine]));
  for (const { pid, commandLine } of owned) {
    if (running.get(pid) !== commandLine) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself in between.
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
      // The name, in parentheses, may itself contain blanks and parentheses; state and parent follow the last one.
      const [state, parentPid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z") continue;
      const commandLine = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      found.push({ pid: Number(entry), parentPid: Number(parentPid), commandLine });
    } catch {
      // It ended while we looked.
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
