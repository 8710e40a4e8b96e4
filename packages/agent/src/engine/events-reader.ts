/**
 * Reads an attempt's events file in order: records of {length u32, CRC-32 u32,
 * AttemptEvent}, both big-endian, the CRC over the event's bytes.
 *
 * Always true: `next` gives whole events only, numbered upwards; a torn last
 * record is left until it is whole.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import { AppError, isErrno } from '@longshore/base';
import { AttemptEvent } from '@longshore/protocol/gen/longshore/link/v1/attempt';

const HEADER_BYTES = 8;

export class EventsReader {
  readonly #file: string;
  #position = 0;
  /** Number of the event before `#position`. */
  #n = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Events after number `after`, at most `count` and about `bytes`. */
  next(after: number, { count, bytes }: { count: number; bytes: number }): AttemptEvent[] {
    if (after < this.#n) {
      this.#position = 0;
      this.#n = 0;
    }
    const events: AttemptEvent[] = [];
    const fd = this.#open();
    if (fd === undefined) return events;
    try {
      let taken = 0;
      while (events.length < count && taken < bytes) {
        const record = this.#record(fd);
        if (record === undefined) break;
        this.#position += HEADER_BYTES + record.length;
        const event = AttemptEvent.decode(record);
        this.#n = event.n;
        if (event.n <= after) continue;
        events.push(event);
        taken += record.length;
      }
    } finally {
      closeSync(fd);
    }
    return events;
  }

  /** How many whole events there are. */
  count(): number {
    let after = 0;
    for (;;) {
      const events = this.next(after, { count: 1000, bytes: 1024 * 1024 });
      const last = events.at(-1);
      if (last === undefined) return after;
      after = last.n;
    }
  }

  #open(): number | undefined {
    try {
      return openSync(this.#file, 'r');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** @throws AppError `corrupt` */
  #record(fd: number): Buffer | undefined {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    if (readSync(fd, header, 0, HEADER_BYTES, this.#position) < HEADER_BYTES) return undefined;
    const body = Buffer.allocUnsafe(header.readUInt32BE(0));
    if (readSync(fd, body, 0, body.length, this.#position + HEADER_BYTES) < body.length) return undefined;
    if (crc32(body) !== header.readUInt32BE(4)) {
      throw new AppError(
        'corrupt',
        `reading events of ${this.#file} at ${this.#position}: their CRC-32 differs`,
      );
    }
    return body;
  }
}

/** An event as it stands in the file. */
export function encodeEvent(event: AttemptEvent): Buffer {
  const body = AttemptEvent.encode(event).finish();
  const record = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  record.writeUInt32BE(body.length, 0);
  record.writeUInt32BE(crc32(body), 4);
  record.set(body, HEADER_BYTES);
  return record;
}
