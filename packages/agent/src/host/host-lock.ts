/**
 * The right to be the script host of a version and data directory, held for
 * the life of the process: a file that says who holds it.
 *
 * Always true: the file appears whole (it is linked into place); it is taken
 * from another only when that process is proven gone, and what was taken away
 * is looked at again, for somebody else may have been faster.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { AppError, isErrno } from '@longshore/base';
import { readJson } from '@longshore/base/shape';

import { PROCESS_IDENTITY, type ProcessIdentity } from '../contract/host-record.ts';
import { isAlive } from '../machine/processes.ts';

const TRIES = 10;

/**
 * @returns what gives it back
 * @throws AppError `conflict` when a living process holds it
 */
export function holdLock(file: string, self: ProcessIdentity): () => void {
  const own = `${file}.${self.pid}.${self.startTime}`;
  writeFileSync(own, JSON.stringify(self), { mode: 0o600 });
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (linked(own, file)) return () => rmSync(file, { force: true });
      const holder = readIdentity(file);
      if (holder !== null && isAlive(holder))
        throw new AppError('conflict', `process ${holder.pid} holds ${file}`, {
          detail: { pid: holder.pid },
        });
      takeAway(file, `${own}.stale`);
    }
  } finally {
    rmSync(own, { force: true });
  }
  throw new AppError('conflict', `${file} changes hands all the time`);
}

function takeAway(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  const taken = readIdentity(aside);
  if (taken !== null && isAlive(taken)) linked(aside, file);
  rmSync(aside, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

function readIdentity(file: string): ProcessIdentity | null {
  try {
    return readJson(readFileSync(file, 'utf8'), PROCESS_IDENTITY, file);
  } catch {
    return null;
  }
}
