import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { EngineProject } from "../support/engine";
import type { DiskTrouble } from "./scenario";

/** The disk with the state, and how it fails. */
export interface Disk {
  /** Makes every write fail. */
  fail(): void;
  /** Makes writes work again. */
  repair(): void;
  /** Unmounts or removes the disk. */
  dispose(): void;
  /** Why the disk differs from the scenario. */
  readonly remark?: string;
}

/** Enough for the state, the caches and a home without plugins. */
const SIZE = { backend: "4m", everything: "48m" } as const;

/** The interval between two attempts to fill freed blocks. */
const REFILL_MS = 2;

/** Mounts a small file system that can be filled, or uses a vanishing backend if this user may not mount. */
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
      remark: "no file system can be mounted: the backend vanishes instead",
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
      // A replaced file frees a block, which may suffice for a small state.
      if (contended) refilling = setInterval(() => fill(filler), REFILL_MS);
    },
    repair,
    dispose: () => {
      repair();
      // Lazily: a process that still runs there must not prevent it.
      execFileSync("umount", ["--lazy", folder], { stdio: "pipe" });
    },
  };
}

/** Replaces the backend's folder by a file, into which not even root can write. */
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

/** Writes until no block is free. */
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
