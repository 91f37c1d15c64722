import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineProject } from "../support/engine";

type Project = Pick<EngineProject, "folders" | "name">;

/** What a backend has of a stack. */
export interface LatestState {
  manifest: { time: string };
  resources: Record<string, unknown>[];
  pending_operations?: { type: string; resource: Record<string, unknown> }[];
}

export interface LockFile {
  hostname: string;
  pid: number;
  timestamp: string;
}

/** Changes a stack's state where the backend keeps it. */
export async function editCheckpoint(
  { folders, name }: Project,
  stack: string,
  change: (latest: LatestState) => void,
): Promise<void> {
  const file = join(folders.backend, ".pulumi", "stacks", name, `${stack}.json`);
  const state = JSON.parse(await readFile(file, "utf8")) as { checkpoint: { latest: LatestState } };
  change(state.checkpoint.latest);
  await writeFile(file, JSON.stringify(state));
}

/** Changes the locks of a stack where the backend keeps them, as written then. Default: now. */
export async function editLocks(
  { folders, name }: Project,
  stack: string,
  change: Partial<LockFile>,
  writtenMs?: number,
): Promise<void> {
  const folder = join(folders.backend, ".pulumi", "locks", "organization", name, stack);
  for (const entry of await readdir(folder)) {
    const file = join(folder, entry);
    const lock = JSON.parse(await readFile(file, "utf8")) as LockFile;
    await writeFile(file, JSON.stringify({ ...lock, ...change }));
    if (writtenMs !== undefined) await utimes(file, writtenMs / 1_000, writtenMs / 1_000);
  }
}
