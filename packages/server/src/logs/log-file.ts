/**
 * One attempt's output, as an open file. Three lengths, always in this order:
 *
 *   durable ≤ length (written: can be read) ≤ accepted (checked, being written)
 *
 * Appends are written in their order; each is whole records, so that `length`
 * is a record boundary whatever the process dies of, but for a torn tail that
 * a crash of the machine leaves, which `recover` cuts.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  read as readFile,
  write as writeFile,
  writeSync,
} from 'node:fs';

import { goodRecordsWithin, RECORD_LIMIT_BYTES, scanRecords } from '@longshore/protocol/spool-record';

import { AppError } from '@longshore/base';

import type { Appending } from '../app/ports/log-store.ts';
import { JOURNAL_ENTRY_LONGEST_BYTES, LOG_RECOVER_READ_BYTES, LOG_WRITE_INLINE_BYTES } from '../limits.ts';
import { damagedAt, newRecords, storingFailed } from './accept.ts';
import type { Syncable } from './sync-rounds.ts';

interface Write {
  bytes: Buffer;
  done: (readable: boolean) => void;
}

interface Waiter {
  upTo: number;
  resolve: (length: number) => void;
  reject: (error: Error) => void;
}

export interface LogFileEvents {
  /** @param by how many bytes more */
  grown(length: number, by: number): void;
  /** The disk took less than it was given. */
  refused(error: AppError): void;
  /** It was written and has to be synced. */
  dirty(file: LogFile): void;
  /** Its name, and that of its folder, are durable. */
  named(): void;
  /** Makes a short append durable without a sync of the file. */
  journal(offset: number, bytes: Buffer, durable: () => void): void;
}

export interface LogFileOptions {
  path: string;
  /** Directories in which it, or its folder, may not be named durably yet. */
  newDirectories: string[];
  /** What is known to be durable; 0 when an earlier process may have written it and died before it synced. */
  durable: number;
  events: LogFileEvents;
}

export class LogFile implements Syncable {
  readonly attemptId: string;
  readonly fd: number;
  readonly #events: LogFileEvents;
  #newDirectories: string[];
  /** The sync under way makes them durable too. */
  #naming = false;
  #accepted: number;
  #length: number;
  #durable: number;
  /** Durable, or in the journal's queue: what comes right after it may go by the journal too. */
  #promised: number;
  /** none ─(written, and somebody waits)→ asked ─(round)→ running ─(done)→ none, or asked again */
  #sync: 'none' | 'asked' | 'running' = 'none';
  /** Length at the beginning of the sync under way: all that it covers. */
  #covered = 0;
  readonly #queue: Write[] = [];
  /** The one that is being written. */
  #writing: Write | undefined;
  /** Of the append that was accepted last. */
  #readable: Promise<boolean> = Promise.resolve(true);
  #reading = 0;
  #waiters: Waiter[] = [];
  /** The last append if it was short: followers read it from here. */
  #tail: { offset: number; bytes: Buffer } | undefined;

  constructor(attemptId: string, { path, newDirectories, durable, events }: LogFileOptions) {
    this.attemptId = attemptId;
    this.#events = events;
    this.fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#newDirectories = newDirectories;
    this.#length = fstatSync(this.fd).size;
    this.#accepted = this.#length;
    this.#durable = Math.min(durable, this.#length);
    this.#promised = this.#durable;
  }

  get length(): number {
    return this.#length;
  }

  /** Nothing is under way that needs the descriptor. */
  get idle(): boolean {
    return (
      this.#writing === undefined &&
      this.#reading === 0 &&
      this.#waiters.length === 0 &&
      this.#sync === 'none'
    );
  }

  /** @throws AppError `conflict`, `corrupt` */
  append(offset: number, records: Uint8Array): Appending {
    const fresh = newRecords({ attemptId: this.attemptId, offset, records }, this.#accepted);
    this.#accepted += fresh.length;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiters.push({ upTo: this.#accepted, resolve, reject });
    if (fresh.length === 0) this.#written(undefined);
    else this.#write(fresh);
    return { readable: this.#readable, durable: promise };
  }

  /** Whole records from `offset`, at most about `limit` bytes but at least one record. */
  async read(offset: number, limit: number): Promise<Buffer> {
    const available = this.#length - offset;
    if (available <= 0) return Buffer.alloc(0);
    const tail = this.#tail;
    if (tail?.offset === offset && tail.bytes.length <= limit) return tail.bytes;
    const wanted = Math.min(available, Math.max(limit, RECORD_LIMIT_BYTES));
    const bytes = await this.#readExactly(offset, wanted);
    const good = goodRecordsWithin(bytes, limit);
    if (good === 0) throw damagedAt(this.attemptId, offset);
    return bytes.subarray(0, good);
  }

  async readRaw({ from, to }: { from: number; to: number }): Promise<Buffer> {
    const bytes = Buffer.alloc(to - from);
    const there = Math.min(to, this.#length) - from;
    if (there > 0) (await this.#readExactly(from, there)).copy(bytes);
    return bytes;
  }

  /** Waits for what is under way; durable when it resolves. */
  async rewrite(offset: number, records: Uint8Array): Promise<void> {
    await this.quiet();
    this.#tail = undefined;
    for (let done = 0; done < records.length;)
      done += writeSync(this.fd, records, done, records.length - done, offset + done);
    fdatasyncSync(this.fd);
    this.#length = Math.max(this.#length, offset + records.length);
    this.#accepted = this.#length;
  }

  /** Cuts what is no whole record off the end, but nothing before `verified`; returns the length. */
  async recover(verified: number): Promise<number> {
    let at = Math.min(verified, this.#length);
    while (at < this.#length) {
      const bytes = await this.#readExactly(at, Math.min(LOG_RECOVER_READ_BYTES, this.#length - at));
      const { whole } = scanRecords(bytes);
      if (whole === 0) break;
      at += whole;
    }
    await this.truncate(at);
    return at;
  }

  /** Waits for what is under way, then cuts. */
  async truncate(length: number): Promise<void> {
    await this.quiet();
    if (length < this.#length) ftruncateSync(this.fd, length);
    this.#length = Math.min(this.#length, length);
    this.#accepted = this.#length;
    this.#durable = Math.min(this.#durable, this.#length);
    this.#promised = this.#durable;
    this.#tail = undefined;
  }

  takeNewDirectories(): string[] {
    const taken = this.#newDirectories;
    this.#newDirectories = [];
    this.#naming = taken.length > 0;
    return taken;
  }

  syncBegan(): void {
    this.#sync = 'running';
    this.#covered = this.#length;
  }

  synced(): void {
    this.#sync = 'none';
    if (this.#naming) this.#events.named();
    this.#naming = false;
    this.#durable = Math.max(this.#durable, this.#covered);
    this.#promised = Math.max(this.#promised, this.#durable);
    this.#settle();
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    while (!this.idle) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Only when idle. */
  close(): void {
    closeSync(this.fd);
  }

  #write(bytes: Buffer): void {
    if (this.#writing === undefined && bytes.length <= LOG_WRITE_INLINE_BYTES) {
      this.#readable = Promise.resolve(this.#writeInline(bytes));
      return;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#readable = promise;
    this.#queue.push({ bytes, done: resolve });
    if (this.#writing === undefined) this.#writeQueued();
  }

  #writeInline(bytes: Buffer): boolean {
    try {
      let done = 0;
      while (done < bytes.length)
        done += writeSync(this.fd, bytes, done, bytes.length - done, this.#length + done);
    } catch (thrown) {
      this.#failed(thrown);
      return false;
    }
    this.#written(bytes);
    return true;
  }

  #writeQueued(): void {
    this.#writing = this.#queue.shift();
    if (this.#writing !== undefined) this.#writeFrom(this.#writing, 0);
  }

  #writeFrom(write: Write, done: number): void {
    const { bytes } = write;
    writeFile(this.fd, bytes, done, bytes.length - done, this.#length + done, (error, count) => {
      if (error !== null) this.#failed(error);
      else if (done + count < bytes.length) this.#writeFrom(write, done + count);
      else {
        this.#written(bytes);
        write.done(true);
        this.#writeQueued();
      }
    });
  }

  #written(bytes: Buffer | undefined): void {
    if (bytes !== undefined) {
      if (bytes.length <= JOURNAL_ENTRY_LONGEST_BYTES && this.#promised === this.#length)
        this.#toJournal(bytes);
      this.#tail = bytes.length <= LOG_WRITE_INLINE_BYTES ? { offset: this.#length, bytes } : undefined;
      this.#length += bytes.length;
      this.#events.grown(this.#length, bytes.length);
    }
    this.#settle();
  }

  #toJournal(bytes: Buffer): void {
    const end = this.#length + bytes.length;
    this.#promised = end;
    this.#events.journal(this.#length, bytes, () => {
      this.#durable = Math.max(this.#durable, end);
      this.#settle();
    });
  }

  /** A full disk, say: what was not written is forgotten, and who gave it may give it again. */
  #failed(cause: unknown): void {
    const dropped = [this.#writing, ...this.#queue];
    this.#queue.length = 0;
    this.#writing = undefined;
    this.#accepted = this.#length;
    // A write that was cut short leaves a torn record, which must not count when the file is opened again.
    ftruncateSync(this.fd, this.#length);
    const error = storingFailed(`output of attempt ${this.attemptId} at ${this.#length}`, cause);
    this.#events.refused(error);
    const lost = this.#waiters.filter((waiter) => waiter.upTo > this.#length);
    this.#waiters = this.#waiters.filter((waiter) => waiter.upTo <= this.#length);
    for (const waiter of lost) waiter.reject(error);
    for (const write of dropped) write?.done(false);
  }

  #settle(): void {
    let settled = 0;
    for (const waiter of this.#waiters) {
      if (waiter.upTo > this.#durable) break;
      waiter.resolve(this.#durable);
      settled += 1;
    }
    if (settled > 0) this.#waiters.splice(0, settled);
    if (this.#waiters.length === 0 || this.#length <= this.#promised || this.#sync !== 'none') return;
    this.#sync = 'asked';
    this.#events.dirty(this);
  }

  async #readExactly(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    this.#reading += 1;
    try {
      for (let done = 0; done < length;) {
        const count = await readSome(this.fd, bytes.subarray(done), offset + done);
        if (count === 0)
          throw new AppError(
            'corrupt',
            `the log of attempt ${this.attemptId} ends at ${offset + done}, before ${offset + length}`,
          );
        done += count;
      }
    } finally {
      this.#reading -= 1;
    }
    return bytes;
  }
}

function readSome(fd: number, into: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    readFile(fd, into, 0, into.length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
