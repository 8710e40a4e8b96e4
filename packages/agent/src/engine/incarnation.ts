/**
 * What this agent is between losses of its memory: the store's id (a file in
 * the data directory: gone with a new disk), the boot's, and the host's.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno, isId, type Ids } from '@longshore/base';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export function readStoreId(dataDir: string, ids: Ids): string {
  const file = join(dataDir, 'store-id');
  try {
    const known = readFileSync(file, 'utf8').trim();
    if (isId(known)) return known;
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  // Also in the place of one that is damaged: whether this is the store that it was nobody can tell.
  const id = ids();
  writeFileSync(`${file}.new`, `${id}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return id;
}

/** Where the system has no boot id, `fallback` must change at each boot (or at each start, which is safe too). */
export function readBootId(fallback: () => string): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return fallback();
  }
}
