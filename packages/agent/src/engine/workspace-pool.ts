/**
 * Workspaces to be used again. Making an inode can cost a millisecond of
 * processor time on an ext4 where many were deleted of late (each of those is
 * looked at first; measured: 0.3 to 1.2 ms, a rename 0.03): more than a short
 * script itself. So a released workspace is emptied in place, and the next
 * attempt's is laid in it before it is renamed to where attempts are.
 *
 * Always true: a spare holds nothing of the attempt before but names and modes
 * that the next one has too; only the workspace of an attempt of which nothing
 * can run any more is used again; at most SPARES_KEPT are kept, and none
 * survives a restart.
 */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isScriptFile, workspaceAt, type WorkspacePaths } from '../contract/workspace.ts';
import { SPARES_KEPT } from '../limits.ts';

/** Files of a workspace's root that each attempt has: they stay, emptied. */
const KEPT_FILES = new Set(['spec.json', 'state.json']);
const KEPT = new Set([...KEPT_FILES, 'work', 'spool', 'reserve']);

/** A workspace that is no attempt's. */
export interface Spare {
  root: string;
  /** Name of the script that is left in `work/`, to be overwritten under this or another name. */
  script: string | undefined;
}

export class WorkspacePool {
  readonly #folder: string;
  readonly #spares: Spare[] = [];
  readonly #used: string[] = [];
  readonly #removals = new Set<Promise<void>>();
  #made = 0;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'spare');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @throws the system's error where a fresh one can't be made */
  take(): Spare {
    const spare = this.#spares.pop();
    if (spare !== undefined) return spare;
    const { root, work } = workspaceAt(this.#place());
    // Its folder too, where need be: an agent starts on a full disk all the same.
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    mkdirSync(root, { mode: 0o700 });
    mkdirSync(work, { mode: 0o700 });
    return { root, script: undefined };
  }

  /** The attempt is over and released, and nothing of it runs: its workspace is gone when this returns. */
  give(paths: WorkspacePaths): void {
    const used = this.#place();
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      renameSync(paths.root, used);
    } catch {
      // Even a name may need room.
      rmSync(paths.root, { recursive: true, force: true, maxRetries: 2 });
      return;
    }
    this.#used.push(used);
    // Not in this turn: whatever waits to be sent goes first.
    if (this.#used.length === 1) setImmediate(() => this.#emptyUsed());
  }

  /** Away with one that was not, or no longer is, as it should be. */
  discard(root: string): void {
    const removal = rm(root, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
    this.#removals.add(removal);
    void removal.then(() => this.#removals.delete(removal));
  }

  async close(): Promise<void> {
    await Promise.all(this.#removals);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #place(): string {
    return join(this.#folder, String((this.#made += 1)));
  }

  #emptyUsed(): void {
    for (const root of this.#used.splice(0)) {
      const spare = this.#spares.length < SPARES_KEPT ? empty(workspaceAt(root)) : undefined;
      if (spare === undefined) this.discard(root);
      else this.#spares.push(spare);
    }
  }
}

/** @returns undefined when it is not what it should be, or not worth keeping */
function empty(paths: WorkspacePaths): Spare | undefined {
  try {
    if (!isOwn(paths.work, 0o700)) return undefined;
    const root = readdirSync(paths.root);
    // Given up for an outcome on a full disk.
    if (!root.includes('reserve')) return undefined;
    for (const name of root) {
      const file = join(paths.root, name);
      if (name === 'outcome.json') renameSync(file, `${file}.new`);
      else if (KEPT_FILES.has(name)) clear(file);
      else if (!KEPT.has(name)) unlinkSync(file);
    }
    for (const name of readdirSync(paths.spool)) unlinkSync(join(paths.spool, name));
    return { root: paths.root, script: emptyWork(paths.work) };
  } catch {
    // Something in it is not as we left it, such as a folder of the script's.
    return undefined;
  }
}

/** @returns the name of the script that may stay */
function emptyWork(work: string): string | undefined {
  let kept: string | undefined;
  for (const name of readdirSync(work)) {
    const file = join(work, name);
    if (kept === undefined && isScriptFile(name) && isOwn(file, 0o700)) {
      clear(file);
      kept = name;
    } else unlinkSync(file);
  }
  return kept;
}

/** One byte stays: see `overwrite`. */
function clear(file: string): void {
  truncateSync(file, 1);
}

/** A folder or file that is ours alone, under this one name. */
function isOwn(path: string, permissions: number): boolean {
  const { uid, mode, nlink } = lstatSync(path);
  const isFile = (mode & 0o170000) === 0o100000;
  const isFolder = (mode & 0o170000) === 0o040000;
  if (!isFolder && !(isFile && nlink === 1)) return false;
  return uid === process.getuid?.() && (mode & 0o7777) === permissions;
}
