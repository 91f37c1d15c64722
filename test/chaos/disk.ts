import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { EngineProject } from "../support/engine";
import type { DiskTrouble } from "./scenario";

/** Where the state lives, and how it fails. */
export interface Disk {
  /** From now on nothing can be written. */
  fail(): void;
  /** From now on everything can be written again. */
  repair(): void;
  /** Takes away what it took to do this. */
  dispose(): void;
  /** What is done instead of what was wanted. */
  readonly remark?: string;
}

/** Bytes: enough for the state, the caches and a home without plugins. */
const SIZE = { backend: "4m", everything: "48m" } as const;

/** Milliseconds between two looks for free blocks. */
const REFILL_MS = 2;

/** A small file system of the project's own that can be filled; where none can be mounted, a backend that goes away. */
export function fillableDisk(project: EngineProject, { scope, contended }: DiskTrouble): Disk {
  const { folders } = project;
  const folder = scope === "backend" ? folders.backend : folders.root;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE[scope]},mode=0700`, "tmpfs", folder], {
      stdio: "pipe",
    });
  } catch {
    return {
      ...vanishingBackend(project),
      remark: "no file system can be mounted: the backend goes instead",
    };
  }
  for (const below of Object.values(folders)) mkdirSync(below, { recursive: true });
  const filler = join(folder, "filler");
  let refilling: NodeJS.Timeout | undefined;
  const repair = (): void => {
    clearInterval(refilling);
    rmSync(filler, { force: true });
  };
  return {
    fail: () => {
      fill(filler);
      // A file that is replaced gives a block back, which may be all that a small state needs.
      if (contended) refilling = setInterval(() => fill(filler), REFILL_MS);
    },
    repair,
    dispose: () => {
      repair();
      // Lazily: what still runs there must not keep it.
      execFileSync("umount", ["--lazy", folder], { stdio: "pipe" });
    },
  };
}

/** The backend's folder gives way to a file: even root cannot write into it then. */
export function vanishingBackend({ folders }: EngineProject): Disk {
  const aside = `${folders.backend}-aside`;
  let isAside = false;
  const repair = (): void => {
    if (!isAside) return;
    rmSync(folders.backend, { recursive: true, force: true });
    renameSync(aside, folders.backend);
    isAside = false;
  };
  return {
    fail: () => {
      renameSync(folders.backend, aside);
      writeFileSync(folders.backend, "");
      isAside = true;
    },
    repair,
    dispose: repair,
  };
}

/** A disk that never fails. */
export const soundDisk: Disk = { fail: () => {}, repair: () => {}, dispose: () => {} };

/** Takes the last free block. */
function fill(file: string): void {
  const descriptor = openSync(file, "a");
  try {
    for (const bytes of [1 << 20, 4_096]) writeUntilFull(descriptor, Buffer.alloc(bytes));
  } finally {
    closeSync(descriptor);
  }
}

function writeUntilFull(descriptor: number, piece: Buffer): void {
  try {
    for (;;) writeSync(descriptor, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
