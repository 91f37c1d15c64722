import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A small file system. */
export interface TinyDisk {
  fill(): void;
  makeRoom(): void;
  /** From now on it can only be read. */
  protect(): void;
  dispose(): void;
}

/** Mounts one at a folder. Undefined: this user may not, or the system has none. @param blocks of 4 KiB. */
export function tinyDisk(folder: string, blocks = 1): TinyDisk | undefined {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${4 * blocks}k,mode=0700`, "tmpfs", folder], {
      stdio: "pipe",
    });
  } catch {
    return undefined;
  }
  const filler = join(folder, "filler");
  return {
    fill: () => writeFileSync(filler, Buffer.alloc(4_096)),
    makeRoom: () => rmSync(filler),
    protect: () => void execFileSync("mount", ["-o", "remount,ro", folder], { stdio: "pipe" }),
    dispose: () => void execFileSync("umount", [folder], { stdio: "pipe" }),
  };
}

export const NO_DISK = "no file system can be mounted here";
