/**
 * Workspaces to be used again. Making an inode can cost a millisecond of
 * processor time on a large ext4 (measured: mkdir 0.3 to 1.2 ms, a rename
 * 0.03): a quarter of a short script's whole round. So a released workspace is
 * emptied, off the main thread, and renamed into place for the next attempt.
 *
 * Always true: a spare holds nothing of the attempt before, and has no
 * `state.json` that could be read as one; only the workspace of an attempt of
 * which nothing can run any more is used again; at most SPARES_KEPT are kept,
 * and none survives a restart.
 */
import {
  closeSync,
  fchmodSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { lstat, readdir, rm, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { segmentFile, workspaceAt, type WorkspacePaths } from '../contract/workspace.ts';
import { SPARES_KEPT } from '../limits.ts';

/** What stays in a spare, emptied: the names in a workspace's root that the next attempt writes anyway. */
const KEPT_FILES = new Set(['spec.json', 'state.json', 'events']);
const KEPT = new Set([...KEPT_FILES, 'work', 'spool', 'reserve']);

export class WorkspacePool {
  readonly #folder: string;
  #spares: string[] = [];
  #made = 0;
  readonly #emptying = new Set<Promise<void>>();

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'spare');
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Puts a spare workspace there. @returns false when there is none */
  take(root: string): boolean {
    const spare = this.#spares.pop();
    if (spare === undefined) return false;
    renameSync(spare, root);
    return true;
  }

  /** The attempt is over and released, and nothing of it runs: its workspace is gone when this returns. */
  give(paths: WorkspacePaths): void {
    const spare = join(this.#folder, String((this.#made += 1)));
    renameSync(paths.root, spare);
    const emptying = this.#empty(spare);
    this.#emptying.add(emptying);
    void emptying.then(() => this.#emptying.delete(emptying));
  }

  async close(): Promise<void> {
    await Promise.all(this.#emptying);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #empty(spare: string): Promise<void> {
    const paths = workspaceAt(spare);
    try {
      if (this.#spares.length + this.#emptying.size < SPARES_KEPT && (await empty(paths))) {
        this.#spares.push(spare);
        return;
      }
    } catch {
      // Something in it is not as we left it: away with all of it.
    }
    await rm(spare, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
  }
}

/** @returns false when it is not worth keeping, or not what it should be */
async function empty(paths: WorkspacePaths): Promise<boolean> {
  const [root, work, spool] = await Promise.all([
    readdir(paths.root),
    readdir(paths.work),
    readdir(paths.spool),
  ]);
  // A script's own folders, or much output: removed as a whole.
  if (work.length > 8 || spool.length > 1 || !(await isOwnFolder(paths.work))) return false;
  await Promise.all([
    ...work.map((name) => unlink(join(paths.work, name))),
    ...root.map((name) => (KEPT.has(name) ? undefined : unlink(join(paths.root, name)))),
    ...root.filter((name) => KEPT_FILES.has(name)).map((name) => truncate(join(paths.root, name), 0)),
    ...spool.map(() => truncate(segmentFile(paths.spool, 0), 0)),
  ]);
  return true;
}

async function isOwnFolder(folder: string): Promise<boolean> {
  const { uid, mode } = await lstat(folder);
  return uid === process.getuid?.() && (mode & 0o7777) === 0o700;
}

/** Writes a file whether it exists or not, without giving up its inode. */
export function overwrite(file: string, content: string | Uint8Array, mode: number): void {
  const fd = openSync(file, 'a', mode);
  try {
    fchmodSync(fd, mode);
    ftruncateSync(fd, 0);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
  } finally {
    closeSync(fd);
  }
}
