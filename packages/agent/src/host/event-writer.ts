/**
 * Writes an attempt's events: records of {length u32 BE, CRC-32 u32 BE,
 * AttemptEvent bytes}, numbered from 1.
 *
 * Always true: `written` events are on disk; what the disk refused is kept.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import { isErrno } from '@longshore/base';
import { AttemptEvent } from '@longshore/protocol/gen/longshore/link/v1/attempt';

const HEADER_BYTES = 8;

export class EventWriter {
  readonly #file: string;
  #fd: number | null = null;
  #count = 0;
  #written = 0;
  #unwritten: Buffer[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** All events so far. */
  get count(): number {
    return this.#count;
  }

  /** Events on disk. */
  get written(): number {
    return this.#written;
  }

  append(kind: NonNullable<AttemptEvent['kind']>, at: { offset: number; time: number }): void {
    this.#count += 1;
    const bytes = AttemptEvent.encode({
      n: this.#count,
      atOffset: at.offset,
      timeMs: at.time,
      kind,
    }).finish();
    const record = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
    record.writeUInt32BE(bytes.length, 0);
    record.writeUInt32BE(crc32(bytes), 4);
    record.set(bytes, HEADER_BYTES);
    this.#unwritten.push(record);
  }

  /** False when the disk is full: call again. */
  flush(): boolean {
    if (this.#unwritten.length === 0) return true;
    const all = Buffer.concat(this.#unwritten);
    let done = 0;
    try {
      this.#fd ??= openSync(this.#file, 'a', 0o600);
      while (done < all.length) done += writeSync(this.#fd, all, done);
      this.#unwritten = [];
      this.#written = this.#count;
      return true;
    } catch (error) {
      this.#unwritten = [all.subarray(done)];
      if (isErrno(error, 'ENOSPC', 'EDQUOT')) return false;
      throw error;
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
