/**
 * Reads an attempt's events file in order: records of {length u32, CRC-32 u32,
 * AttemptEvent}, both big-endian, the CRC over the event's bytes.
 *
 * Always true: `next` gives events numbered one by one; a torn last record is
 * left until it is whole; one that is damaged, and was whole once, is a warning
 * that says so.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import { isErrno } from '@longshore/base';
import { AttemptEvent, Level } from '@longshore/protocol/gen/longshore/link/v1/attempt';

const HEADER_BYTES = 8;

export class EventsReader {
  readonly #file: string;
  #position = 0;
  /** Number of the event before `#position`. */
  #n = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Events after number `after`, at most `count` and about `bytes`.
   *
   * @param known how many there are, as the host said when it had written them
   */
  next(
    after: number,
    { count, bytes, known = 0 }: { count: number; bytes: number; known?: number },
  ): AttemptEvent[] {
    if (after < this.#n) {
      this.#position = 0;
      this.#n = 0;
    }
    const events: AttemptEvent[] = [];
    const fd = this.#open();
    try {
      for (let taken = 0; events.length < count && taken < bytes;) {
        const record = fd === undefined ? undefined : this.#record(fd);
        const event = this.#event(record, known);
        if (event === undefined) break;
        this.#position += record?.length ?? 0;
        this.#n = event.n;
        if (event.n <= after) continue;
        events.push(event);
        taken += record?.length ?? 0;
      }
    } finally {
      if (fd !== undefined) closeSync(fd);
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

  /** Undefined: it is not written yet, or it never will be. */
  #event(record: Buffer | undefined, known: number): AttemptEvent | undefined {
    const event = record === undefined ? undefined : eventIn(record);
    // One that does not follow is as damaged as one that can't be read.
    if (event?.n === this.#n + 1) return event;
    return this.#n < known ? lost(this.#n + 1) : undefined;
  }

  #open(): number | undefined {
    try {
      return openSync(this.#file, 'r');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** With its header; undefined where it is not whole. */
  #record(fd: number): Buffer | undefined {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    if (readSync(fd, header, 0, HEADER_BYTES, this.#position) < HEADER_BYTES) return undefined;
    const length = HEADER_BYTES + header.readUInt32BE(0);
    // Before there is room made for it: a damaged length may be gigabytes.
    if (this.#position + length > fstatSync(fd).size) return undefined;
    const record = Buffer.allocUnsafe(length);
    return readSync(fd, record, 0, length, this.#position) < length ? undefined : record;
  }
}

function eventIn(record: Buffer): AttemptEvent | undefined {
  const body = record.subarray(HEADER_BYTES);
  if (crc32(body) !== record.readUInt32BE(4)) return undefined;
  try {
    return AttemptEvent.decode(body);
  } catch {
    return undefined;
  }
}

/** What stands in the place of an event that was written and can't be read: its number must not be missing. */
function lost(n: number): AttemptEvent {
  const text = `Event ${n} of the script was damaged on the disk of its worker, and is lost.`;
  return { n, atOffset: 0, timeMs: 0, kind: { $case: 'note', value: { level: Level.WARNING, text } } };
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
