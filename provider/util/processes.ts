import { readFileSync } from "node:fs";

/**
 * Identifies the nearest ancestor process with this command name. The start time in clock ticks after boot belongs to the
 * identity, since process ids are used again.
 *
 * @param parent the process id of the first ancestor. Default: the parent of this process.
 * @returns undefined if there is no such ancestor, or on systems without /proc.
 */
export function ancestorNamed(command: string, parent: number = process.ppid): string | undefined {
  for (let pid = parent, depth = 0; pid > 0 && depth < MAX_DEPTH; depth++) {
    const found = processOf(pid);
    if (found === undefined) return undefined;
    if (found.command === command) return `${pid}:${found.startTicks}`;
    pid = found.parent;
  }
  return undefined;
}

/** An engine is a few processes above its plugins: launchers and shells are between them. */
const MAX_DEPTH = 16;

/** Indexes of the fields after a process's name in /proc/PID/stat (proc_pid_stat(5), fields 4 and 22). */
const PARENT = 1;
const START = 19;

function processOf(pid: number): { command: string; parent: number; startTicks: string } | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name, in parentheses, may itself contain blanks and parentheses.
  const nameEnd = stat.lastIndexOf(")");
  const fields = stat.slice(nameEnd + 2).split(" ");
  return {
    command: stat.slice(stat.indexOf("(") + 1, nameEnd),
    parent: Number(fields[PARENT]),
    startTicks: fields[START] ?? "",
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
