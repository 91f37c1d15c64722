import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ancestorNamed } from "../../../provider/util/processes";

const PROCESSES = join(__dirname, "../../../provider/util/processes.ts");

describe.runIf(process.platform === "linux")("the nearest ancestor process of a name", () => {
  const command = readFileSync(`/proc/${process.pid}/stat`, "utf8").replace(/^\d+ \((.*)\) .*$/s, "$1");

  it("is named by its process id and its start", () => {
    expect(ancestorNamed(command, process.pid)).toMatch(new RegExp(`^${process.pid}:\\d+$`));
  });

  it("is found from a process below a shell", () => {
    const script = `process.stdout.write(String(require(${JSON.stringify(PROCESSES)}).ancestorNamed(${JSON.stringify(command)}, process.ppid)))`;
    const shell = `${JSON.stringify(process.execPath)} --import tsx -e '${script}'; true`;
    const said = execFileSync("sh", ["-c", shell], { encoding: "utf8", cwd: __dirname });
    expect(said).toBe(ancestorNamed(command, process.pid));
  });

  it("is undefined where there is none", () => {
    expect(ancestorNamed("no such command", process.pid)).toBeUndefined();
    expect(ancestorNamed(command, 0)).toBeUndefined();
  });
});
