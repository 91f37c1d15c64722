import { spawnSync } from "node:child_process";

const { stdout } = spawnSync("python3", ["-c", "import pty, sys; print(sys.executable)"], {
  encoding: "utf8",
});
/** The interpreter itself: a launcher in its place may need the user's home. */
const python = stdout?.trim();

/** Why no command can be run on a pseudo-terminal here. Undefined: it can. */
export const missingTerminal = python ? undefined : "no python3 with pseudo-terminals on PATH";

/** Relays everything that the command writes, and its exit code. */
const RELAY = `
import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        text = os.read(terminal, 65536)
    except OSError:
        break
    if not text:
        break
    os.write(1, text)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** The command that runs another on a terminal of this width. Its stdout and stderr are one. */
export function onTerminal(columns: number, command: readonly string[]): string[] {
  return [python ?? "python3", "-c", RELAY, String(columns), ...command];
}
