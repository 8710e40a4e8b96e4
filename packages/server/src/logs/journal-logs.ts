/**
 * The journal and the log files together: after a start of the machine the
 * journal's entries are applied to the logs; after a mere start of the server
 * they need not be, for the page cache outlived it.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  mkdirSync,
  open,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { isErrno, toError, type AppError } from '@longshore/base';

import { requireId } from './accept.ts';
import { entriesToApply, Journal } from './journal.ts';

/** A ULID's first letters are its time: the first 6 change every 18 minutes or so. */
const FOLDER_LETTERS = 6;

export function logPath(logs: string, attemptId: string): string {
  return join(logs, requireId(attemptId, 'an attempt').slice(0, FOLDER_LETTERS), `${attemptId}.spool`);
}

/** @param logs the folder of the logs; the journal stands beside it */
export function openJournal(
  directory: string,
  {
    logs,
    failed,
    refused,
  }: { logs: string; failed: (error: Error) => void; refused: (error: AppError) => void },
): Journal {
  const bootFile = join(directory, 'journal-boot');
  const boot = bootId();
  const fresh = boot === '' || readText(bootFile) !== boot;
  if (fresh) {
    applyEntries(directory, logs);
    writeFileSync(bootFile, boot);
  }
  const journal = new Journal(
    { directory, failed, refused, syncLogs: (attemptIds) => syncLogs(logs, attemptIds) },
    { fresh },
  );
  // What is written to the journal is not safe before its name is, and that of its folder.
  for (const folder of [directory, dirname(directory)]) syncFolder(folder);
  return journal;
}

function applyEntries(directory: string, logs: string): void {
  const touched = new Map<string, number>();
  for (const { attemptId, offset, bytes } of entriesToApply(directory)) {
    const path = logPath(logs, attemptId);
    let fd = touched.get(path);
    if (fd === undefined) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      if (touched.size >= DESCRIPTORS) settle(touched);
      touched.set(path, fd);
    }
    writeSync(fd, bytes, 0, bytes.length, offset);
  }
  settle(touched);
  for (const folder of [logs, directory]) syncFolder(folder);
}

const DESCRIPTORS = 200;

function settle(open: Map<string, number>): void {
  for (const fd of open.values()) {
    fsyncSync(fd);
    closeSync(fd);
  }
  for (const folder of new Set([...open.keys()].map(dirname))) syncFolder(folder);
  open.clear();
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** One after another: it is never urgent. */
async function syncLogs(logs: string, attemptIds: ReadonlySet<string>): Promise<void> {
  const folders = new Set<string>();
  for (const attemptId of attemptIds) {
    const path = logPath(logs, attemptId);
    folders.add(dirname(path));
    await syncFile(path);
  }
  for (const folder of [...folders, ...(folders.size > 0 ? [logs] : [])]) await syncFile(folder);
}

/** fdatasync of a file or folder; one that is gone needs none. */
function syncFile(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (notOpened, fd) => {
      if (notOpened !== null) {
        if (isErrno(notOpened, 'ENOENT')) resolve();
        else reject(toError(notOpened));
        return;
      }
      fdatasync(fd, (failed) => {
        closeSync(fd);
        if (failed === null) resolve();
        else reject(failed);
      });
    });
  });
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
