/**
 * What makes short appends durable together: they stand in the page cache of
 * their own files at once, and in this journal, which one write with O_DSYNC
 * makes durable for all that arrived since the one before. Its two files have
 * their full size, so that writing changes no metadata. After a crash of the
 * machine the entries are applied to the logs again, which changes nothing
 * where the kernel has written them itself.
 *
 *   file A: current ──full──▶ resting ──(logs synced)──▶ free ──▶ current (a higher epoch)
 *
 * Always true: of the two files one is current; a file is free only when all
 * logs that it has entries of are synced, and then its first entry is wiped;
 * before an entry that is durable there is none that is not, for reading ends
 * at the first that is not whole.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  write as writeFile,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import {
  Backoff,
  isDiskFull,
  isErrno,
  sleep,
  systemClock,
  toError,
  type AppError,
  type Cancel,
} from '@longshore/base';

import {
  JOURNAL_FILE_BYTES,
  JOURNAL_REST_MS,
  STORAGE_RETRY_FIRST_MS,
  STORAGE_RETRY_LONGEST_MS,
} from '../limits.ts';
import { storingFailed } from './accept.ts';
import { entryBytes, readEntries, writeEntry, type Entry } from './journal-format.ts';

export interface JournalOptions {
  directory: string;
  /** Must end the process. */
  failed: (error: Error) => void;
  /** The disk has no room for now: it waits for some. */
  refused: (error: AppError) => void;
  /** Syncs the logs of these attempts in their own files. */
  syncLogs: (attemptIds: ReadonlySet<string>) => Promise<void>;
}

interface JournalFile {
  fd: number;
  position: number;
  attempts: Set<string>;
  /** Resolves when it may be written from its start. */
  free: Promise<void>;
}

interface Waiting {
  entry: Entry;
  durable: () => void;
}

const NAMES = ['journal-0', 'journal-1'] as const;

/** Entries that the last process left, oldest first, without those that were made void. */
export function entriesToApply(directory: string): Entry[] {
  const files = NAMES.map((name) => readEntries(readUsed(join(directory, name)))).sort(
    (a, b) => a.epoch - b.epoch,
  );
  let entries: Entry[] = [];
  for (const entry of files.flatMap((file) => file.entries)) {
    if (entry.kind === 'forget') entries = entries.filter(({ attemptId }) => attemptId !== entry.attemptId);
    else entries.push(entry);
  }
  return entries;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #files: [JournalFile, JournalFile];
  #current = 0;
  #epoch: number;
  #waiting: Waiting[] = [];
  #writing = false;
  #buffer = Buffer.allocUnsafeSlow(64 * 1024);
  readonly #endRest = new Set<() => void>();
  #closing: Promise<void> | undefined;

  /**
   * Goes on with the files that the last process left. If the machine was
   * started since, the caller has applied and synced their entries
   * (`entriesToApply`), and `fresh` begins anew.
   */
  constructor(options: JournalOptions, { fresh }: { fresh: boolean }) {
    this.#options = options;
    const found = NAMES.map((name) => readEntries(readUsed(join(options.directory, name))));
    const epochs = found.map(({ epoch }) => epoch);
    this.#epoch = Math.max(1, ...epochs) + (fresh ? 1 : 0);
    this.#current = (epochs[1] ?? 0) > (epochs[0] ?? 0) ? 1 : 0;
    const open = (index: 0 | 1): JournalFile =>
      openJournalFile(join(options.directory, NAMES[index]), fresh ? undefined : found[index]);
    this.#files = [open(0), open(1)];
    const other = this.#files[(1 - this.#current) as 0 | 1];
    if (other.position > 0) this.#retire(other);
  }

  /** `durable` is called when the entry is; entries become durable in their order. */
  add(entry: Entry, durable: () => void): void {
    this.#waiting.push({ entry, durable });
    if (this.#writing) return;
    this.#writing = true;
    // What else arrives in this turn of the event loop shares the write.
    setImmediate(() => void this.#writeAll());
  }

  /** Syncs the logs that it has entries of, and ends empty. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const end of [...this.#endRest]) end();
    while (this.#writing) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(this.#files.map((file) => file.free.catch(() => undefined)));
    for (const file of this.#files) {
      await this.#options.syncLogs(file.attempts);
      wipe(file.fd);
      closeSync(file.fd);
    }
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#writeGroup();
    } catch (thrown) {
      this.#options.failed(toError(thrown));
      return;
    }
    this.#writing = false;
  }

  async #writeGroup(): Promise<void> {
    let file = this.#files[this.#current as 0 | 1];
    const group = this.#waiting;
    this.#waiting = [];
    const length = group.reduce((sum, { entry }) => sum + entryBytes(entry), 0);
    if (file.position + length > JOURNAL_FILE_BYTES) {
      this.#retire(file);
      this.#current = 1 - this.#current;
      file = this.#files[this.#current as 0 | 1];
      await file.free;
      this.#epoch += 1;
    }
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(length * 2);
    let at = 0;
    for (const { entry } of group) {
      at = writeEntry(this.#buffer, at, { entry, epoch: this.#epoch });
      file.attempts.add(entry.attemptId);
    }
    const bytes = this.#buffer.subarray(0, at);
    await this.#whenRoom(() => writeExactly(file.fd, bytes, file.position));
    file.position += at;
    for (const { durable } of group) durable();
  }

  /** Its files have their size, but some file systems need room even to write over what is there. Then it waits. */
  async #whenRoom(write: () => Promise<void>): Promise<void> {
    const backoff = new Backoff({ firstMs: STORAGE_RETRY_FIRST_MS, longestMs: STORAGE_RETRY_LONGEST_MS });
    for (;;) {
      try {
        await write();
        return;
      } catch (thrown) {
        if (!isDiskFull(thrown) || this.#closing !== undefined) throw thrown;
        this.#options.refused(storingFailed("the logs' journal", thrown));
      }
      await sleep(systemClock, backoff.next());
    }
  }

  #retire(file: JournalFile): void {
    file.free = (async () => {
      await this.#rest();
      await this.#options.syncLogs(file.attempts);
      await this.#whenRoom(async () => wipe(file.fd));
      file.position = 0;
      file.attempts = new Set();
    })();
    file.free.catch((thrown: unknown) => this.#options.failed(toError(thrown)));
  }

  /** Ends early when the other file fills up meanwhile, or the journal closes. */
  #rest(): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      let cancel: Cancel = () => undefined;
      const look = (): void => {
        const current = this.#files[this.#current as 0 | 1];
        waited += REST_LOOK_MS;
        if (waited >= JOURNAL_REST_MS || current.position > JOURNAL_FILE_BYTES / 2) end();
      };
      let waited = 0;
      const end = (): void => {
        cancel();
        this.#endRest.delete(end);
        resolve();
      };
      this.#endRest.add(end);
      cancel = systemClock.every(REST_LOOK_MS, look);
    });
  }
}

const REST_LOOK_MS = 250;

function openJournalFile(path: string, found: { entries: Entry[]; end: number } | undefined): JournalFile {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    // Its full size from the beginning: later writes change no metadata, which makes their sync cheap.
    if (found === undefined || fstatSync(fd).size < JOURNAL_FILE_BYTES) fillWithZeros(fd);
    // The last of them may be in the page cache only: a write of one that was killed had not come back.
    else if (found.end > 0) fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return {
    fd: openSync(path, constants.O_RDWR | constants.O_DSYNC),
    position: found?.end ?? 0,
    attempts: new Set(found?.entries.map(({ attemptId }) => attemptId)),
    free: Promise.resolve(),
  };
}

function wipe(fd: number): void {
  writeSync(fd, Buffer.alloc(8), 0, 8, 0);
}

function writeExactly(fd: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    writeFile(fd, bytes, 0, bytes.length, position, (error, count) => {
      if (error !== null) reject(error);
      else if (count < bytes.length)
        writeExactly(fd, bytes.subarray(count), position + count).then(resolve, reject);
      else resolve();
    });
  });
}

/** The file, or nothing when it is not there or was wiped: it is not read in vain. */
function readUsed(path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return Buffer.alloc(0);
    throw thrown;
  }
  try {
    const head = Buffer.alloc(8);
    readSync(fd, head, 0, head.length, 0);
    return head.readUInt32BE(0) === 0 ? head : readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function fillWithZeros(fd: number): void {
  const zeros = Buffer.alloc(64 * 1024);
  for (let at = 0; at < JOURNAL_FILE_BYTES; at += zeros.length) writeSync(fd, zeros, 0, zeros.length, at);
}
