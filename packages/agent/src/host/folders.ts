/**
 * The host's two folders outside the data directory: its runtime folder (the
 * socket) and its secrets folder (the scripts' variables files).
 *
 * Always true: both are ours alone, mode 0700 (the secrets folder lets another
 * user pass only where a script runs as one); secrets are in memory (tmpfs)
 * where there is such a file system.
 */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AppError } from '@longshore/base';

/** A unix socket's path may have 107 bytes; the rest of the name needs some. */
const LONGEST_BASE_BYTES = 80;

/** A fresh folder under a short name: unguessable, so that nobody stands in the way. */
export function makeRuntimeFolder(): string {
  const bases = [
    process.env.XDG_RUNTIME_DIR,
    process.getuid?.() === 0 ? '/run' : undefined,
    tmpdir(),
    '/tmp',
  ];
  return makeIn(bases, 'longshore-');
}

export function makeSecretsFolder(dataDir: string): string {
  return makeIn(['/dev/shm', process.env.XDG_RUNTIME_DIR, join(dataDir, 'hosts')], 'longshore-');
}

/** An attempt's own folder below the secrets folder. */
export function attemptSecretsFolder(secrets: string, attemptId: string): string {
  const folder = join(secrets, attemptId);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Lets other users pass through (not look into) a folder that is ours. */
export function letPass(folder: string): void {
  const { mode, uid } = lstatSync(folder);
  if (uid === process.getuid?.()) chmodSync(folder, (mode & 0o7777) | 0o011);
}

function makeIn(bases: readonly (string | undefined)[], prefix: string): string {
  const tried: string[] = [];
  for (const base of bases) {
    if (base === undefined || base === '' || Buffer.byteLength(base) > LONGEST_BASE_BYTES) continue;
    try {
      return mkdtempSync(join(base, prefix));
    } catch {
      tried.push(base);
    }
  }
  throw new AppError('unavailable', `no folder for the script host could be made in ${tried.join(', ')}`);
}
